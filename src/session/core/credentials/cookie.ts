/** Writes and reads the session cookie. Setting and clearing use the same attributes, so a clear always matches. */
export interface SessionCookie {
  readonly name: string
  /** A Set-Cookie header with this token. It has no expiry of its own: the server decides when the session ends. */
  set(token: string): string
  /** A Set-Cookie header that deletes the cookie. */
  clear(): string
  /** The distinct values of this cookie in a Cookie header. `undefined` for more than five: an attacker planted some. */
  read(header: string | undefined): string[] | undefined
}

const MAX_VALUES = 5

/**
 * @param appName becomes part of the cookie's name: `4DSID_<appName>` (4D).
 * @param secure adds `Secure` and the `__Host-` prefix, which prevents other subdomains from planting a cookie.
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
