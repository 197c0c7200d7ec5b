// Responses may contain personal data, so caches must not store them.
export const PRIVATE = 'private, no-store'

// If a response has one of these headers, some shared caches ignore Cache-Control.
export const FOR_SHARED_CACHES = /-cache-control$|surrogate-control$|edge-control$|^x-accel-expires$/

/**
 * Whether a Cache-Control header keeps a response with a session cookie out of shared caches. `private="…"` protects
 * only the named headers. With `must-understand`, caches may ignore `no-store`.
 */
export function isPrivate(cacheControl: string): boolean {
  const directives = cacheControl
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim())
  if (directives.some((directive) => directive === 'public' || /^s-maxage\b|"/.test(directive))) return false
  if (directives.includes('private')) return true
  return directives.includes('no-store') && !directives.includes('must-understand')
}

/** Adds `Cookie` to the value of a Vary header. '' stands for no header. */
export function varyByCookie(vary: string): string {
  if (vary === '') return 'Cookie'
  return /(^|,)\s*(cookie|\*)\s*(,|$)/i.test(vary) ? vary : `${vary}, Cookie`
}

/** Returns the name of the cookie in a Set-Cookie header. */
export function cookieNameOf(setCookie: string): string {
  return setCookie.slice(0, setCookie.indexOf('='))
}

/** Removes the session cookie with this name from the Set-Cookie headers of a response. */
export function withoutCookie(setCookies: readonly string[], name: string): string[] {
  return setCookies.filter((cookie) => !cookie.trimStart().startsWith(`${name}=`))
}
