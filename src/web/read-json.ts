import type { Context } from 'koa'
import { CLOSE, hasBody, isPlain } from './body-format.ts'
import { Problem } from './problem.ts'

const LARGEST_BODY_KILOBYTES = 64

/**
 * Throws a `Problem` for a malformed body. Returns `{}` for a missing or empty body. Validate the result with a strict
 * schema, because names such as `__proto__` and deep nesting are not refused.
 */
export function jsonReader({ largestKilobytes = LARGEST_BODY_KILOBYTES } = {}) {
  return async function readJson(ctx: Context): Promise<unknown> {
    if (!hasBody(ctx)) return {}
    if (!isPlain(ctx, 'application/json'))
      throw new Problem(415, 'Send the body as JSON in UTF-8: Content-Type: application/json.', CLOSE)
    return parse(decode(await readBytes(ctx, largestKilobytes)))
  }
}

async function readBytes({ req, request }: Context, largestKilobytes: number): Promise<Buffer> {
  const most = largestKilobytes * 1024
  const tooLarge = () => new Problem(413, `This body is too large: at most ${largestKilobytes} kB.`, CLOSE)
  if ((request.length ?? 0) > most) throw tooLarge()
  const pieces: Buffer[] = []
  let size = 0
  try {
    // Destroying the request would close the connection before the response is sent.
    for await (const piece of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += piece.length
      if (size > most) throw tooLarge()
      pieces.push(piece)
    }
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(400, 'This body did not arrive whole; send it again.', CLOSE)
  }
  return Buffer.concat(pieces)
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Problem(400, 'This body is not UTF-8. Encode it as UTF-8.')
  }
}

function parse(text: string): unknown {
  if (text === '') return {}
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return body
  } catch {
    // The error below reports malformed JSON. It also reports JSON that is a single number or string.
  }
  throw new Problem(400, 'This body is not the JSON that is expected here: send one object, such as {}.')
}
