import type { Context } from 'koa'
import { koaBody } from 'koa-body'
import { CLOSE, hasBody, isPlain } from './body-format.js'
import { Problem } from './problem.js'

const LARGEST_BODY_KILOBYTES = 64
const DEEPEST = 20
// Names that mean more to JavaScript than to whoever sends them.
const REFUSED_NAMES = ['__proto__', 'constructor', 'prototype']
// What a decoder leaves where the bytes were not UTF-8.
const BROKEN = '\uFFFD'

/**
 * Reads the JSON body of a request; one without a body counts as `{}`. Refused: another format 415, too large 413, what is no
 * JSON, no object or list, no UTF-8, nested too deeply, or has a name that means something to JavaScript 400. Of a name that comes
 * twice the last one counts, as JSON.parse does.
 */
export function jsonReader({ largestKilobytes = LARGEST_BODY_KILOBYTES } = {}) {
  const parse = koaBody({
    jsonLimit: largestKilobytes * 1024,
    multipart: false,
    urlencoded: false,
    text: false,
    includeUnparsed: true,
    patchNode: false,
  })
  return async function readJson(ctx: Context): Promise<unknown> {
    if (!hasBody(ctx)) return {}
    if (!isPlain(ctx, 'application/json'))
      throw new Problem(415, 'Send the body as JSON in UTF-8: Content-Type: application/json.', CLOSE)
    try {
      await parse(ctx as never, async () => undefined)
    } catch (error) {
      throw explain(error, largestKilobytes)
    }
    const { body, rawBody } = ctx.request as unknown as { body: unknown; rawBody: unknown }
    if (String(rawBody).includes(BROKEN)) throw new Problem(400, 'This body is not UTF-8. Encode it as UTF-8.', CLOSE)
    refuseOddShapes(body)
    return body
  }
}

function explain(error: unknown, largestKilobytes: number): Problem {
  if ((error as { status?: unknown }).status === 413)
    return new Problem(413, `This body is too large: at most ${largestKilobytes} kB.`, CLOSE)
  return new Problem(400, 'This body is not the JSON that is expected here: send one object, such as {}.', CLOSE)
}

/** Looks at the whole of it, without recursion: it may be nested as deeply as its size allows. */
function refuseOddShapes(body: unknown): void {
  let level = [body]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) throw new Problem(400, `This JSON is nested more than ${DEEPEST} levels deep.`)
    const names = level.flatMap((value) => (isObject(value) && !Array.isArray(value) ? Object.keys(value) : []))
    const refused = names.find((name) => REFUSED_NAMES.includes(name))
    if (refused !== undefined) throw new Problem(400, `${refused}: no field may have this name.`)
    level = level.flatMap((value) => (isObject(value) ? Object.values(value) : []))
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
