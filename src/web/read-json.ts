import type { Context } from 'koa'
import { CLOSE, hasBody, isPlain } from './body-format.ts'
import { Problem } from './problem.ts'

const LARGEST_BODY_KILOBYTES = 64

/**
 * Reads the JSON body of a request; no body and an empty one count as `{}`. Refuses another format with 415, a large body with 413, and
 * what is not UTF-8, not JSON, or neither an object nor a list with 400. A strict schema has to validate the result: names such as
 * `__proto__` and any depth of nesting pass here.
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
    // Keeps the connection open for the answer.
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
    if (isObject(body)) return body
  } catch {
    // Reported below, as any other value that is neither an object nor a list.
  }
  throw new Problem(400, 'This body is not the JSON that is expected here: send one object, such as {}.')
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
