// Cookies and bearer tokens consist of a prefix, the id of a session, a dot and a secret. The id alone is public.
const TOKENS = /(?<![\w-])[\w-]*[0-9a-f]{32}\.[\w-]*/gi
// Secrets without an id are 32 bytes in base64url. A secret may stand inside a longer word.
const SECRETS = /[\w-]{43,}/g
// One-time tokens have the format of public session ids, and form tokens have the format of other public ids.
const ONE_TIME_TOKENS = /[0-9a-f]{32,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi
const NAMES_IN_TEXT = /(?<=^|[?;,&])[^?;,&=:]*(?=[=:])/g
const SECRET_NAME = /pass|token|secret|cookie|authorization|4dsid|^\W*(?:state|params|once)\W*$/i
const MOST_ENCODED = 3
const SHORTEST_SECRET = 32
const NAMED_OR_ENCODED = /[=:%]/

/**
 * Masks everything in a text of a request that may be a secret, even if it is percent-encoded. Use this function for
 * all text of a request that is logged or stored: URLs, headers, names of fields, and messages that repeat input.
 */
export function maskSecrets(text: string): string {
  if (hasNoSecret(text)) return text
  return text
    .split(/(\s+)/)
    .map((word) => {
      if (hasNoSecret(word)) return word
      const question = word.indexOf('?')
      const path = question < 0 ? word : word.slice(0, question)
      const query = question < 0 ? '' : word.slice(question + 1)
      const masked = path.split('/').map(maskPart).join('/')
      return question < 0 ? masked : `${masked}?${query.split('&').map(maskPart).join('&')}`
    })
    .join('')
}

/** Masks cookies and bearer tokens in a text of this server. Public session ids are not masked. */
export function maskTokens(text: string): string {
  if (text.length < SHORTEST_SECRET) return text
  return text.replace(TOKENS, '***').replace(SECRETS, '***')
}

/** Most texts and words are shorter than every secret, and have neither a name nor an encoded character. */
function hasNoSecret(text: string): boolean {
  return text.length < SHORTEST_SECRET && !NAMED_OR_ENCODED.test(text)
}

function maskPart(part: string): string {
  for (const { 0: name, index } of part.matchAll(NAMES_IN_TEXT)) {
    const end = index + name.length
    if (SECRET_NAME.test(decodeFully(name) ?? 'secret')) return `${maskPart(part.slice(0, end))}${part[end]}***`
  }
  const decoded = decodeFully(part)
  if (decoded === part) return maskTokens(part).replace(ONE_TIME_TOKENS, '***')
  return decoded === undefined || maskSecrets(decoded) !== decoded ? '***' : part
}

/** Decodes text that is encoded at most twice, as proxies may encode a URL again. Otherwise returns `undefined`. */
function decodeFully(text: string): string | undefined {
  let decoded = text.replaceAll('+', ' ')
  for (let times = 0; times < MOST_ENCODED; times++) {
    const before = decoded
    // Unlike decodeURIComponent, this also decodes a text with a malformed part.
    decoded = before.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    if (decoded === before) return decoded
  }
  return undefined
}
