import { randomUUID } from 'node:crypto'
import type { Context, Next } from 'koa'
import type { Logger } from 'pino'
import { maskUrl } from './mask-url.ts'

/** Logs each request without cookies, bodies or passwords. `alsoNote` returns further properties of the log line. */
export function requestLog(log: Logger, now: () => number, alsoNote: (ctx: Context) => object) {
  return async function requestLog(ctx: Context, next: Next) {
    const start = now()
    ctx.requestId = randomUUID()
    ctx.set('X-Request-Id', ctx.requestId)
    try {
      await next()
    } finally {
      const line = {
        requestId: ctx.requestId,
        method: ctx.method,
        url: maskUrl(ctx.originalUrl),
        status: ctx.status,
        ms: now() - start,
        ...alsoNote(ctx),
      }
      log.info(line, 'request')
    }
  }
}
