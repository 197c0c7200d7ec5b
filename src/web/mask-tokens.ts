// A session's id and the secret behind it, with any prefix, as in cookies and bearer tokens; the id alone is public.
const TOKENS = /(?<![\w-])[\w-]*[0-9a-f]{32}(?:\.|%(?:25)*2e)[\w%-]*/gi
// The secret alone: 32 bytes in base64url.
const SECRETS = /(?<![\w-])[\w-]{43}(?![\w-])/g
const MOST_ENCODED = 3

/** Masks bearer tokens and cookies in a text, so that it can be logged or shown. */
export function maskTokens(text: string): string {
  return text.replace(TOKENS, '***').replace(SECRETS, '***')
}

/** The same for a part of a URL. A part with an encoded token is masked whole. */
export function maskEncodedTokens(piece: string): string {
  const masked = maskTokens(piece)
  const decoded = decodeFully(masked)
  return decoded === undefined || maskTokens(decoded) !== decoded ? '***' : masked
}

/** Decodes up to three times, because proxies may encode again; `undefined` for more layers. */
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
