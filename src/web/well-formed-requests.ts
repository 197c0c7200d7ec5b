import type { Context, Next } from 'koa'
import { CLOSE } from './body-format.ts'
import { Problem } from './problem.ts'

/** Refuses requests that a proxy and this server may read differently. Mount it above all middleware that responds. */
export function wellFormedRequests() {
  return function wellFormedRequests(ctx: Context, next: Next) {
    if (!namesOneHost(ctx)) throw new Problem(400, 'Send exactly one Host header.', CLOSE)
    // Koa finds no path in the URL `http://`, and the error page needs one.
    if (!/^(\/|\*$)/.test(ctx.path ?? '')) {
      ctx.url = '/'
      throw new Problem(400, 'The address of this request has no path.', CLOSE)
    }
    if (!['', '100-continue'].includes(ctx.get('Expect').toLowerCase()))
      throw new Problem(417, 'This server does not know what the header Expect asks for.', CLOSE)
    return next()
  }
}

/** Node keeps only the first of several Host headers, but `rawHeaders` has all of them. HTTP/1.0 does not require one. */
export function namesOneHost({ req }: Context): boolean {
  const { rawHeaders, httpVersion } = req
  const isHost = (text: string, index: number) => index % 2 === 0 && text.length === 4 && text.toLowerCase() === 'host'
  const hosts = rawHeaders.filter(isHost).length
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0')
}
