export interface SessionCookie {
  readonly name: string
  /** Returns the Set-Cookie header. The cookie has no expiry date, because the server ends expired sessions. */
  set(token: string): string
  clear(): string
  /** Returns the distinct values of the session cookie in a Cookie header; `undefined` for more than five values. */
  read(header: string | undefined): string[] | undefined
}

// If a request has more session cookies, an attacker has probably planted some of them.
const MAX_VALUES = 5

/** `__Host-` prevents other subdomains from setting the cookie. The rest of the name is the same as in 4D. */
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
