import { decodeFully, maskEncodedTokens } from './mask-tokens.ts'

const SECRET_PARAMETERS = ['$4dsid', 'state', '$params', 'password', 'token']
const LONGEST_LOGGED = 500
// One-time tokens and public session ids have this format. Both are masked in the query.
const TOKEN_SHAPE = /[0-9a-f]{32,}/gi
// If a client encodes the question mark, the path contains the query with its token. This pattern finds such paths.
const QUERY_IN_PATH = /4DSID|%(?:25)*3F/i

/** Masks tokens and secrets for logs, even if they are encoded. A public session id in the path is not masked. */
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
