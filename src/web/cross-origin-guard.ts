import type { Context, Next } from 'koa'
import { crossOrigin } from '../session/http/index.ts'
import type { OwnOrigins } from './own-origins.ts'
import { Problem } from './problem.ts'

const REFUSALS = {
  change: 'This request came from another site, so nothing was done. Open the page here and try again.',
  embedding: 'This page cannot be used from inside another site. Open it in a tab of its own.',
}

/** Prevents CSRF by checking headers that other sites cannot forge. Mount it above middleware that reads cookies. */
export function crossOriginGuard(origins: OwnOrigins) {
  return async function crossOriginGuard(ctx: Context, next: Next) {
    const head = { method: ctx.method, header: (name: string) => ctx.get(name) }
    const foreign = crossOrigin(head, (origin) => origins.includes(origin))
    if (foreign) throw new Problem(403, REFUSALS[foreign])
    await next()
  }
}
