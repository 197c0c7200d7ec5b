const SECRET_PARAMETERS = ['$4dsid', 'state', '$params', 'password', 'token']
const LONGEST_LOGGED = 500
// One-time tokens look like this; whatever the parameter is called, its value stays out of the log.
const TOKEN_SHAPE = /[0-9a-f]{32,}/gi

/** The URL as it may be logged: secrets in the query masked, however their names are spelt, and cut to a sane length. */
export function maskUrl(url: string): string {
  const start = url.indexOf('?')
  const masked =
    start < 0
      ? url
      : `${url.slice(0, start)}?${url
          .slice(start + 1)
          .split('&')
          .map(maskParameter)
          .join('&')}`
  return masked.length > LONGEST_LOGGED ? `${masked.slice(0, LONGEST_LOGGED)}…` : masked
}

function maskParameter(parameter: string): string {
  const [name = ''] = parameter.split('=', 1)
  if (SECRET_PARAMETERS.includes(decode(name).trim().toLowerCase())) return `${name}=***`
  return parameter.replace(TOKEN_SHAPE, '***')
}

/** Decodes as often as it takes: a proxy may have encoded the name once more. */
function decode(name: string): string {
  try {
    const decoded = decodeURIComponent(name.replace(/\+/g, ' '))
    return decoded === name ? name : decode(decoded)
  } catch {
    return name
  }
}
