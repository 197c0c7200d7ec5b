import { decodeFully, maskEncodedTokens } from './mask-tokens.ts'

const SECRET_PARAMETERS = ['$4dsid', 'state', '$params', 'password', 'token']
const LONGEST_LOGGED = 500
// The format of one-time tokens and of public session ids. In the query, both are masked.
const TOKEN_SHAPE = /[0-9a-f]{32,}/gi
// Matches a path that contains the query with its token, because the client encoded the question mark.
const QUERY_IN_PATH = /4DSID|%(?:25)*3F/i

/** Masks tokens and secrets for logs, even encoded tokens. A public session id in the path is not masked. */
export function maskUrl(url: string): string {
  const start = url.indexOf('?')
  const masked =
    start < 0
      ? maskPath(url)
      : `${maskPath(url.slice(0, start))}?${url
          .slice(start + 1)
          .split('&')
          .map(maskParameter)
          .join('&')}`
  return masked.length > LONGEST_LOGGED ? `${masked.slice(0, LONGEST_LOGGED)}…` : masked
}

function maskParameter(parameter: string): string {
  const [name = ''] = parameter.split('=', 1)
  const plain = decodeFully(name)
  if (plain === undefined) return '***'
  if (SECRET_PARAMETERS.includes(plain.trim().toLowerCase())) return `${name}=***`
  return maskEncodedTokens(parameter).replace(TOKEN_SHAPE, '***')
}

function maskPath(path: string): string {
  const masked = path.split('/').map(maskEncodedTokens).join('/')
  return QUERY_IN_PATH.test(path) ? masked.replace(TOKEN_SHAPE, '***') : masked
}
