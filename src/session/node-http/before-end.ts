import type { ServerResponse } from 'node:http'
import { applyHead } from './response-head.ts'

const WAITS = Symbol('waits')

type Response = ServerResponse & { [WAITS]?: boolean }

interface BeforeEnd {
  /** Whether a response with this status must wait. */
  isNeeded: (status: number) => boolean
  task: () => Promise<unknown>
  /** Answers instead, if `task` fails. The headers of the response are removed before. */
  onError: (error: unknown) => void
}

/**
 * Delays the end of a response until `task` has finished, if the head has not been sent. During the delay, the response
 * looks sent, so that the application writes nothing more. A head that the application passes to `writeHead` is kept
 * until the body is written.
 */
export function beforeEnd(res: Response, { isNeeded, task, onError }: BeforeEnd): void {
  const { writeHead, write, end, flushHeaders } = res
  let isWriting = false
  /** Node calls `writeHead` in `method`, which must send the head. */
  const writing = <F>(method: F) =>
    function writeNow(...parameters: unknown[]) {
      isWriting = true
      try {
        return Reflect.apply(method as never, res, parameters)
      } finally {
        isWriting = false
      }
    } as F
  const endNow = writing(end)
  res.write = writing(write)
  res.flushHeaders = writing(flushHeaders)
  res.writeHead = function keepHead(status: number, ...rest: unknown[]) {
    if (isWriting || res.headersSent || !isNeeded(status)) return Reflect.apply(writeHead, res, [status, ...rest])
    applyHead(res, status, rest)
    return res
  } as typeof res.writeHead
  res.end = function endAfterTask(...parameters: unknown[]) {
    if (isWriting || res.headersSent || !isNeeded(res.statusCode)) return Reflect.apply(endNow, res, parameters)
    const release = seal(res)
    task().then(
      () => {
        release()
        Reflect.apply(endNow, res, parameters)
      },
      (error) => {
        release()
        for (const name of res.getHeaderNames()) res.removeHeader(name)
        onError(error)
      },
    )
    return res
  } as typeof res.end
}

/** Whether the head has been sent. A response that waits for its session looks sent, but can still set a cookie. */
export function isHeadSent(res: Response): boolean {
  return res.headersSent && res[WAITS] !== true
}

/** Makes the response look sent. Returns a function that undoes this change. */
function seal(res: Response): () => void {
  const shown = { headersSent: true, writableEnded: true, write: () => false, end: () => res }
  const names = Object.keys(shown) as (keyof typeof shown)[]
  const earlier = names.map((name) => Object.getOwnPropertyDescriptor(res, name))
  for (const name of names) Object.defineProperty(res, name, { configurable: true, value: shown[name] })
  res[WAITS] = true
  return () => {
    res[WAITS] = false
    for (const [index, name] of names.entries()) {
      const descriptor = earlier[index]
      if (descriptor) Object.defineProperty(res, name, descriptor)
      else Reflect.deleteProperty(res, name)
    }
  }
}
