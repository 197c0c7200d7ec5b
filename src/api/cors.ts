import cors from '@koa/cors'
import type { Context, Next } from 'koa'

/** Lets pages of other origins call the API. Cookies are never allowed, because the API accepts only bearer tokens. */
export function apiCors(origins: readonly string[]) {
  if (origins.length === 0) return (_ctx: Context, next: Next): Promise<unknown> => next()
  return cors({
    origin: (ctx) => (origins.includes(ctx.get('Origin')) ? ctx.get('Origin') : ''),
    allowMethods: 'GET,HEAD,POST,PUT,PATCH,DELETE',
    allowHeaders: 'Authorization,Content-Type,If-Match,If-None-Match',
    exposeHeaders: 'ETag,Location,Retry-After,X-Request-Id',
    maxAge: 600,
  })
}
