import { parseToken, type Token } from './token.ts'

/** A token has the form `<prefix><session ID>.<secret>` (West Wind). Secret scanners find tokens by the prefix. */
export interface BearerTokens {
  format(token: string): string
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
