// Cookies and bearer tokens consist of a prefix, the id of a session, a dot and a secret. The id alone is public.
const TOKENS = /(?<![\w-])[\w-]*[0-9a-f]{32}(?:\.|%(?:25)*2e)[\w%-]*/gi
// Secrets without an id are 32 bytes in base64url.
const SECRETS = /(?<![\w-])[\w-]{43}(?![\w-])/g
const MOST_ENCODED = 3

export function maskTokens(text: string): string {
  return text.replace(TOKENS, '***').replace(SECRETS, '***')
}

/** Masks the tokens in a part of a URL. Returns `***` if the part may contain an encoded token. */
export function maskEncodedTokens(piece: string): string {
  const masked = maskTokens(piece)
  const decoded = decodeFully(masked)
  return decoded === undefined || maskTokens(decoded) !== decoded ? '***' : masked
}

/** Decodes text that is encoded at most twice, as proxies may encode a URL again. Otherwise returns `undefined`. */
export function decodeFully(text: string): string | undefined {
  let decoded = text
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
