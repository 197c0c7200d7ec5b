// Cookies and bearer tokens: any prefix, the id of a session, a dot and a secret. The id alone is public.
const TOKENS = /(?<![\w-])[\w-]*[0-9a-f]{32}(?:\.|%(?:25)*2e)[\w%-]*/gi
// Secrets without an id: 32 bytes in base64url.
const SECRETS = /(?<![\w-])[\w-]{43}(?![\w-])/g
const MOST_ENCODED = 3

export function maskTokens(text: string): string {
  return text.replace(TOKENS, '***').replace(SECRETS, '***')
}

/** Masks the tokens in a part of a URL. Returns `***` when a token in this part is encoded. */
export function maskEncodedTokens(piece: string): string {
  const masked = maskTokens(piece)
  const decoded = decodeFully(masked)
  return decoded === undefined || maskTokens(decoded) !== decoded ? '***' : masked
}

/** Decodes up to three times, because proxies encode URLs again. Returns `undefined` for text with more encodings. */
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
