import { parseToken, type Token } from './token.ts'

/** The format of bearer tokens: `<prefix><session id>.<secret>`. They are West Wind's tokens with a prefix for secret scanners. */
export interface BearerTokens {
  /** Adds the prefix to a token that `formatToken` wrote. */
  format(token: string): string
  /** Reads the token of an Authorization header. `undefined` unless it is one well-formed token with this prefix. */
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
