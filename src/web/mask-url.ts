const SECRET_PARAMETERS = ['$4dsid', 'state', '$params', 'password', 'token']
const LONGEST_LOGGED = 500
// One-time tokens look like this; whatever the parameter is called, its value stays out of the log.
const TOKEN_SHAPE = /[0-9a-f]{32,}/gi
// A client that encodes the question mark puts the token into the path.
const QUERY_IN_PATH = /4DSID|%(?:25)*3F/i
const MOST_ENCODED = 3

/** The URL as it may be logged: secrets in the query masked, however their names are spelt, and cut to a sane length. */
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
  const plain = decode(name)
  if (plain === undefined) return '***'
  if (SECRET_PARAMETERS.includes(plain.trim().toLowerCase())) return `${name}=***`
  return parameter.replace(TOKEN_SHAPE, '***')
}

function maskPath(path: string): string {
  return QUERY_IN_PATH.test(path) ? path.replace(TOKEN_SHAPE, '***') : path
}

/** Decodes a few times: a proxy may have encoded the name once more. `undefined` for what is encoded still more often. */
function decode(name: string): string | undefined {
  let decoded = name
  for (let times = 0; times < MOST_ENCODED; times++) {
    const before = decoded
    try {
      decoded = decodeURIComponent(decoded.replace(/\+/g, ' '))
    } catch {
      return decoded
    }
    if (decoded === before) return decoded
  }
  return undefined
}
