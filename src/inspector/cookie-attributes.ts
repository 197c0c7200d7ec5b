import type { CrmSessions } from '../crm-session/crm-session.ts'

export interface CookieAttribute {
  attribute: string
  meaning: string
}

const MEANINGS: Record<string, string> = {
  Path: 'The browser sends the cookie with every address of this host.',
  HttpOnly: 'No script can read the cookie, so a script of an attacker cannot steal it.',
  Secure: 'The browser sends the cookie over HTTPS only.',
  'SameSite=Strict': 'The browser sends the cookie with no request that another site causes.',
  'SameSite=Lax': 'A link on another site sends the cookie. A form or a script of another site does not.',
  'SameSite=None': 'Requests from all sites have the cookie.',
  Partitioned: 'The browser keeps a cookie of its own for each site that embeds this one.',
  Domain: 'All subdomains get the cookie too.',
  'Max-Age': 'The browser keeps the cookie for this many seconds, even when it is closed.',
}
const MISSING: Record<string, string> = {
  Secure: 'The demo uses plain HTTP. Over HTTPS, the cookie has Secure, and its name starts with __Host-.',
  Domain: 'Only this host gets the cookie, and no subdomain does.',
  'Max-Age': 'The browser forgets the cookie when it is closed.',
}

/** Reads the attributes of the session cookie in a response, without the value of the cookie. */
export function sentAttributes(cookieName: string, setCookie: readonly string[]): string[] | undefined {
  const cookie = setCookie.findLast((header) => header.startsWith(`${cookieName}=`))
  return cookie?.split(/;\s*/).slice(1)
}

/** The attributes that every cookie of this manager has, for a cookie that another process has set. */
export function usualAttributes({
  cookieName,
  cookieScope,
}: Pick<CrmSessions, 'cookieName' | 'cookieScope'>): string[] {
  const sameSite = cookieScope === 'strict' ? 'Strict' : cookieScope === 'lax' ? 'Lax' : 'None'
  return ['Path=/', 'HttpOnly', `SameSite=${sameSite}`, ...(cookieName.startsWith('__') ? ['Secure'] : [])]
}

/** Explains each attribute, and each attribute that is missing. */
export function explainAttributes(attributes: readonly string[]): CookieAttribute[] {
  const names = attributes.map(nameOf)
  const missing = Object.entries(MISSING).filter(([name]) => !names.includes(name))
  return [
    ...attributes.map((attribute) => ({
      attribute,
      meaning: MEANINGS[attribute] ?? MEANINGS[nameOf(attribute)] ?? '',
    })),
    ...missing.map(([name, meaning]) => ({ attribute: `no ${name}`, meaning })),
  ]
}

function nameOf(attribute: string): string {
  return attribute.split('=')[0] ?? ''
}
