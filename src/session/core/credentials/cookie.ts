export interface SessionCookie {
  readonly name: string
  /** Without an expiry date, because the server expires the session. */
  set(token: string): string
  clear(): string
  /** Returns the distinct values of the cookie; `undefined` for more than five. */
  read(header: string | undefined): string[] | undefined
}

// More values are probably planted by an attacker.
const MAX_VALUES = 5

/** The prefix `__Host-` prevents other subdomains from setting the cookie. The rest of the name is 4D's. */
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
