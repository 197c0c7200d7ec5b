import type { Context, Next } from 'koa'
import { LINK_PARAMETER } from '../../session/koa/index.ts'
import { formatCount } from '../../web/format.ts'
import { Problem } from '../../web/problem.ts'
import {
  type Count,
  consumeAll,
  limiterInMemory,
  type MakeLimiter,
  NetworkLimiter,
  secondsToWait,
} from '../people/limiter.ts'

/** The rate limit for invalid one-time links. */
export class LinkLimit {
  readonly #perNetwork: NetworkLimiter

  constructor(makeLimiter: MakeLimiter = limiterInMemory) {
    this.#perNetwork = new NetworkLimiter(makeLimiter, { keyPrefix: 'links', points: 100, duration: 15 * 60 })
  }

  countsOf(address: string): Count[] {
    return this.#perNetwork.countsOf(address)
  }
}

// Programs that check mail send such requests. They open no link, so they find none either.
const OPENING_NOTHING = ['HEAD', 'OPTIONS']

/** Mount it above the sessions, so that no link is looked up after too many invalid ones. A valid link does not count. */
export function limitLinks(linkLimit: LinkLimit) {
  return async function limitLinks(ctx: Context, next: Next) {
    const hasLink = new URLSearchParams(ctx.querystring).has(LINK_PARAMETER)
    if (!hasLink || OPENING_NOTHING.includes(ctx.method)) return next()
    const counts = linkLimit.countsOf(ctx.ip)
    const seconds = await secondsToWait(counts)
    if (seconds !== undefined) throw tooManyLinks(seconds)
    try {
      await next()
    } finally {
      // The response is ready, so an error of the limiter is ignored. `secondsToWait` refuses the next link.
      // Without a session, the link was not looked up: the request was a prefetch, or the store failed.
      if (ctx.session !== undefined && !ctx.session?.restored && !ctx.session?.offer)
        await consumeAll(counts).catch(() => {})
    }
  }
}

function tooManyLinks(seconds: number): Problem {
  const wait = formatCount(Math.ceil(seconds / 60), 'minute', 'minutes')
  return new Problem(429, `Too many invalid links were opened from your network. Please try again in ${wait}.`, {
    'Retry-After': String(seconds),
  })
}
