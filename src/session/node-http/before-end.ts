import type { ServerResponse } from 'node:http'
import { applyHead, forgetBody, replaceMethod } from './response-head.ts'

const WAITS = Symbol('waits')
const IN_NODE = Symbol('in a method of Node')

/** `IN_NODE` is true while a method of Node runs, which may call other methods of the response. */
type Response = ServerResponse & { [WAITS]?: boolean; [IN_NODE]?: boolean }

interface BeforeEnd {
  /** Whether a response with this status must wait. */
  isNeeded: (status: number) => boolean
  task: (status: number) => Promise<unknown>
  /** Answers instead, if `task` fails. The headers that describe the body are removed before. */
  onError: (error: unknown) => void
}

interface Wait {
  /** The calls of the application that send the head, the body or the end. */
  readonly calls: (() => unknown)[]
  isEnded: boolean
}

/**
 * Delays a response until `task` has finished, if the head has not been sent. During the delay, the response looks sent
 * to the application. A head that the application passes to `writeHead` is kept until something is sent, because a
 * pending login still needs to set its cookie.
 */
export function beforeEnd(res: Response, { isNeeded, task, onError }: BeforeEnd): void {
  const { writeHead } = res
  // With two managers, the methods of the second call run the methods of the first call.
  const isFirst = res[IN_NODE] === undefined
  res[IN_NODE] ??= false
  let isSending = false
  let hasFailed = false
  let wait: Wait | undefined

  replaceMethod(res, 'writeHead', (status: number, ...rest: unknown[]) => {
    if (wait) throw alreadySent()
    if (isSending || res[IN_NODE] || res.headersSent || !isNeeded(status))
      return Reflect.apply(writeHead, res, [status, ...rest])
    applyHead(res, status, rest)
    return res
  })
  delay('write', false)
  delay('flushHeaders', undefined)
  delay('end', res)

  /** `result` is the result of a delayed call. The result of `write` asks the application to wait for `drain`. */
  function delay(name: 'write' | 'flushHeaders' | 'end', result: unknown): void {
    const method = res[name] as (...parameters: never[]) => unknown
    replaceMethod(res, name, (...parameters: never[]) => {
      if (isSending || res[IN_NODE]) return Reflect.apply(method, res, parameters)
      if (hasFailed && res.writableEnded) return result
      const send = () => sending(() => Reflect.apply(method, res, parameters))
      if (!wait && (res.headersSent || !isNeeded(res.statusCode))) return send()
      wait ??= begin()
      if (!wait.isEnded) wait.calls.push(send)
      if (name === 'end') wait.isEnded = true
      return result
    })
  }

  /** Node calls `writeHead` in `send`, which must then send the head. */
  function sending(send: () => unknown): unknown {
    isSending = true
    if (isFirst) res[IN_NODE] = true
    try {
      return send()
    } finally {
      isSending = false
      if (isFirst) res[IN_NODE] = false
    }
  }

  function begin(): Wait {
    const begun: Wait = { calls: [], isEnded: false }
    const { statusCode } = res
    const unseal = seal(res, begun)
    const finish = () => {
      wait = undefined
      unseal()
    }
    task(statusCode)
      .then(() => {
        finish() // and send in the same turn, so that no later call of the application overtakes the delayed calls
        res.statusCode = statusCode
        const written = begun.calls.map((call) => call()).filter((result) => typeof result === 'boolean')
        if (!begun.isEnded && written.at(-1) === true) res.emit('drain')
      })
      .catch((error) => {
        finish()
        hasFailed = true
        if (!res.headersSent) forgetBody(res)
        onError(error)
      })
    return begun
  }
}

/** Whether the head has been sent. A response that waits for its session looks sent, but can still set a cookie. */
export function isHeadSent(res: Response): boolean {
  return res.headersSent && res[WAITS] !== true
}

/** Makes the response look sent. Returns a function that undoes this change. */
function seal(res: Response, wait: Wait): () => void {
  Object.defineProperty(res, 'headersSent', { configurable: true, get: () => true })
  Object.defineProperty(res, 'writableEnded', { configurable: true, get: () => wait.isEnded })
  res[WAITS] = true
  return () => {
    res[WAITS] = false
    Reflect.deleteProperty(res, 'headersSent')
    Reflect.deleteProperty(res, 'writableEnded')
  }
}

/** The error of Node for a head that has been sent. */
function alreadySent(): Error {
  const error = new Error('Cannot write headers after they are sent to the client')
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' })
}
