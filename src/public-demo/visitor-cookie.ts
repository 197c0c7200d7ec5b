import { hash, randomBytes } from 'node:crypto'
import type { Context, Next } from 'koa'
import { currentVisit, visit } from './visit.ts'

// All data is reset within a day.
const MAX_AGE_SECONDS = 24 * 60 * 60

/** Recognizes the browser of each request by a cookie. Mount it above all code that stores data of a visitor. */
export function recognizeVisitors(appName: string, isSecure: boolean) {
  const name = `${isSecure ? '__Host-' : ''}visitor_${appName}`
  const attributes = `Path=/; Max-Age=${MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
  return function recognizeVisitors(ctx: Context, next: Next) {
    // The API reads no cookies. `createApi` names the visitor when it knows the session.
    if (isOfApi(ctx)) return visit(next)
    const sent = ctx.cookies.get(name)
    if (sent !== undefined && /^[\w-]{43}$/.test(sent)) return visit(next, visitorOf(sent))
    const token = randomBytes(32).toString('base64url')
    if (isNavigation(ctx)) ctx.append('Set-Cookie', `${name}=${token}; ${attributes}`)
    return visit(next, visitorOf(token))
  }
}

/** Mount it below the sessions. */
export function noteSessionOfVisit() {
  return async function noteSessionOfVisit(ctx: Context, next: Next) {
    const current = currentVisit()
    if (current && ctx.session) current.sessionId = ctx.session.id
    await next()
  }
}

function isOfApi({ path }: Context): boolean {
  return path === '/api' || (path.startsWith('/api/') && path !== '/api/docs')
}

/**
 * Browsers send no Lax cookie with a form of another site and in some frames. The answer to such a request must not
 * replace the cookie, and neither must the answer to a script or an image of a page that is loading.
 */
function isNavigation(ctx: Context): boolean {
  const isPage =
    ['', 'navigate'].includes(ctx.get('Sec-Fetch-Mode')) && ['', 'document'].includes(ctx.get('Sec-Fetch-Dest'))
  return (
    ctx.method === 'GET' && isPage && ctx.accepts('html') === 'html' && !/^\/(assets\/|readyz$|metrics$)/.test(ctx.path)
  )
}

function visitorOf(token: string): string {
  return hash('sha256', token, 'base64url')
}
