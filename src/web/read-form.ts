import type { Context, Next } from 'koa'
import { koaBody } from 'koa-body'
import { CLOSE, hasBody, isPlain } from './body-format.ts'
import { Problem } from './problem.ts'

// A note of 2,000 characters in any script fits. A session can store each form, even if its JSON is longer.
const LARGEST_FORM = '24kb'
const MOST_FIELDS = 50

/** Throws a `Problem` for a malformed form. A repeated field becomes an array, so handlers must check for strings. */
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
    // Browsers send forms uncompressed, in this format, and in UTF-8.
    if (hasBody(ctx) && !isPlain(ctx, 'urlencoded'))
      throw new Problem(415, 'Send this as a plain form: application/x-www-form-urlencoded, in UTF-8.', CLOSE)
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

function explain(error: unknown): Problem {
  if ((error as { status?: unknown }).status === 413)
    return new Problem(413, 'This form is too large: at most 24 kB.', CLOSE)
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
