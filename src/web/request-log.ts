import { randomUUID } from 'node:crypto'
import type { Context, Next } from 'koa'
import type { Logger } from 'pino'
import { maskSecrets } from './mask-secrets.ts'

const LONGEST_URL = 500

/** Logs each request without cookies, bodies or passwords. `alsoNote` returns further properties of the log line. */
export function requestLog(log: Logger, now: () => number, alsoNote: (ctx: Context) => object) {
  return async function requestLog(ctx: Context, next: Next) {
    const start = now()
    ctx.requestId = randomUUID()
    ctx.set('X-Request-Id', ctx.requestId)
    try {
      await next()
    } finally {
      if (log.isLevelEnabled('info')) log.info(lineOf(ctx, now() - start), 'request')
    }
  }

  function lineOf(ctx: Context, ms: number): object {
    const { requestId, method, status } = ctx
    return { requestId, method, url: shorten(maskSecrets(ctx.originalUrl)), status, ms, ...alsoNote(ctx) }
  }
}

function shorten(url: string): string {
  return url.length > LONGEST_URL ? `${url.slice(0, LONGEST_URL)}…` : url
}
