/** The session cookie's fixed traits. Setting and clearing go through the same object, so they cannot differ. */
export interface SessionCookie {
  readonly name: string
  /** A Set-Cookie header that gives the browser this token until it closes. The server decides about the end. */
  set(token: string): string
  /** A Set-Cookie header that takes the cookie away. */
  clear(): string
  /** Every different value that a Cookie header holds under the name; undefined for so many that they must be planted. */
  read(header: string | undefined): string[] | undefined
}

// More cookies of one name than this are an attack: none of them counts.
const MOST_VALUES = 5

/**
 * @param appName ends up in the name: `4DSID_<appName>` (4D).
 * @param secure adds `Secure` and the `__Host-` prefix, which keeps sibling hosts from planting a cookie.
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
      return values.size > MOST_VALUES ? undefined : [...values]
    },
  }
}
