import type { Context } from 'koa'
import { KNOWN_DEVICE_DAYS } from '../people/login-history.ts'

/** The browser of a request, with the token in its device cookie. Accounts recognize the browser by this token. */
export interface Browser {
  readonly token: string | undefined
  keep(token: string): void
}

export type DeviceCookie = (ctx: Context) => Browser

const MAX_AGE_SECONDS = KNOWN_DEVICE_DAYS * 24 * 60 * 60

/** Returns a function that reads and sets the cookie of known devices. Its attributes equal those of the session cookie. */
export function deviceCookie(appName: string, isSecure: boolean): DeviceCookie {
  const name = `${isSecure ? '__Host-' : ''}device_${appName}`
  const attributes = `Path=/; Max-Age=${MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
  return (ctx) => {
    const token = ctx.cookies.get(name)
    return {
      token: token !== undefined && /^[\w-]{43}$/.test(token) ? token : undefined,
      keep(kept) {
        const others = [ctx.response.get('Set-Cookie') ?? []].flat().filter((cookie) => !cookie.startsWith(`${name}=`))
        ctx.set('Set-Cookie', [...others, `${name}=${kept}; ${attributes}`])
      },
    }
  }
}
