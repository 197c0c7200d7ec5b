import { parseToken, type Token } from './token.ts'

/** How bearer tokens look on the wire: `<prefix><session id>.<secret>` (West Wind's tokens, with a prefix that is recognised). */
export interface BearerTokens {
  /** What the client is given of a token as `formatToken` writes it. */
  format(token: string): string
  /** What an Authorization header carries; undefined for anything but exactly one well-formed token of this prefix. */
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
