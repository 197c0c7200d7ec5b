import { parseToken, type Token } from './token.ts'

/**
 * Formats and parses bearer tokens: `<prefix><session ID>.<secret>` (West Wind's tokens with a prefix).
 * Secret scanners recognise leaked tokens by the prefix.
 */
export interface BearerTokens {
  /** Adds the prefix to a token that `formatToken` returned. */
  format(token: string): string
  /** Returns the token of an Authorization header. Returns `undefined` for a malformed token or another prefix. */
  read(authorization: string | undefined): Token | undefined
}

export function bearerTokens(prefix: string): BearerTokens {
  return {
    format: (token) => prefix + token,
    read(authorization) {
      const text = authorization && /^bearer +([!-~]{1,200}) *$/i.exec(authorization)?.[1]
      return text?.startsWith(prefix) ? parseToken(text.slice(prefix.length)) : undefined
    },
  }
}
