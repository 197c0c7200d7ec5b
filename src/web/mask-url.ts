import { decodeFully, maskEncodedTokens } from './mask-tokens.ts'

const SECRET_PARAMETERS = ['$4dsid', 'state', '$params', 'password', 'token']
const LONGEST_LOGGED = 500
// The shape of one-time tokens and of public session ids: in a parameter of any name, neither is logged.
const TOKEN_SHAPE = /[0-9a-f]{32,}/gi
// A client that encodes the question mark puts the token into the path.
const QUERY_IN_PATH = /4DSID|%(?:25)*3F/i

/**
 * Prepares a URL for the log: masks bearer tokens and secrets anywhere, and one-time tokens in the query, in any spelling. A session's
 * public id in a path stays.
 */
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
