/** Formats and parses the session cookie. */
export interface SessionCookie {
  readonly name: string
  /**
   * Returns a Set-Cookie header with this token. The cookie has no expiry date, because the server expires the session.
   */
  set(token: string): string
  /** Returns a Set-Cookie header that deletes the cookie. */
  clear(): string
  /** Returns the distinct values of this cookie in a Cookie header. Returns `undefined` for more than five values. */
  read(header: string | undefined): string[] | undefined
}

// More values are probably an attack with planted cookies.
const MAX_VALUES = 5

/**
 * @param appName part of the cookie's name: `4DSID_<appName>` (4D).
 * @param secure adds `Secure` and the `__Host-` prefix. The prefix prevents other subdomains from setting the cookie.
 */
export function sessionCookie(appName: string, secure: boolean): SessionCookie {
  const name = `${secure ? '__Host-' : ''}4DSID_${appName}`
  const attributes = `; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  const start = `${name}=`
  return {
    name,
    set: (token) => `${start}${token}${attributes}`,
    clear: () => `${start}${attributes}; Max-Age=0`,
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
