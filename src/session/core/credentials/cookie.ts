import type { CookieSettings } from './cookie-options.ts'

export interface SessionCookie {
  readonly name: string
  /** Returns the Set-Cookie header. Without `maxAgeSeconds`, the browser keeps the cookie until the browser closes. */
  set(token: string, maxAgeSeconds?: number): string
  /** Returns the Set-Cookie header that deletes the cookie. */
  clear(): string
  /** Returns the distinct values of the session cookie in a Cookie header; `undefined` for more than five values. */
  read(header: string | undefined): string[] | undefined
}

// If a request has more session cookies, an attacker has probably planted some of them.
const MAX_VALUES = 5

export function sessionCookie({ name, attributes }: CookieSettings): SessionCookie {
  const start = `${name}=`
  const set = (value: string, maxAgeSeconds?: number) =>
    `${start}${value}${attributes}${maxAgeSeconds === undefined ? '' : `; Max-Age=${maxAgeSeconds}`}`
  return {
    name,
    set,
    clear: () => set('', 0),
    read(header) {
      if (header === undefined || !header.includes(start)) return []
      const values = new Set<string>()
      for (const pair of header.split(';')) {
        const trimmed = pair.trim()
        if (trimmed.startsWith(start)) values.add(trimmed.slice(start.length))
      }
      return values.size > MAX_VALUES ? undefined : [...values]
    },
  }
}
