import type { Context, Next } from 'koa'
import { koaBody } from 'koa-body'
import { Problem } from './problem.js'

const LARGEST_FORM = '16kb'
const MOST_FIELDS = 50
// The rest of a refused body is not worth reading.
const CLOSE = { Connection: 'close' }

/**
 * Reads an HTML form into `ctx.request.body`. Anything else that has a body is refused: too large 413, another format
 * 415, unreadable 400. A repeated field becomes a list, so whoever reads a field checks that it is one text.
 */
export function readForm() {
  const parse = koaBody({
    formLimit: LARGEST_FORM,
    multipart: false,
    json: false,
    text: false,
    includeUnparsed: true,
    patchNode: false,
    queryString: { allowDots: false, depth: 1, parameterLimit: MOST_FIELDS, arrayLimit: MOST_FIELDS },
  })
  return async function readForm(ctx: Context, next: Next) {
    refuseOtherFormats(ctx)
    try {
      await parse(ctx as never, async () => undefined)
    } catch (error) {
      throw explain(error)
    }
    if (!isWellEncoded(ctx.request.rawBody ?? ''))
      throw new Problem(400, 'This form was not encoded properly; send it again.')
    ctx.request.body ??= {}
    await next()
  }
}

/** What browsers never do with a form: another format, another character set, compression. */
function refuseOtherFormats(ctx: Context): void {
  if (ctx.get('Transfer-Encoding') === '' && Number(ctx.get('Content-Length') || 0) === 0) return
  const compressed = ctx.get('Content-Encoding') !== '' && ctx.get('Content-Encoding') !== 'identity'
  const otherCharset = ctx.request.charset !== '' && ctx.request.charset.toLowerCase() !== 'utf-8'
  if (ctx.is('urlencoded') && !compressed && !otherCharset) return
  throw new Problem(415, 'Send this as a plain form: application/x-www-form-urlencoded, in UTF-8.', CLOSE)
}

function explain(error: unknown): Problem {
  if ((error as { status?: unknown }).status === 413)
    return new Problem(413, 'This form is too large: at most 16 kB.', CLOSE)
  return new Problem(400, 'This form could not be read; send it again.', CLOSE)
}

function isWellEncoded(form: string): boolean {
  try {
    decodeURIComponent(form)
    return true
  } catch {
    return false
  }
}
