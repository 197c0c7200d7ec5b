import { STATUS_CODES } from 'node:http'
import type { Context } from 'koa'
import type { Logger } from 'pino'
import { SessionError } from '../session/index.ts'
import { type Failure, readFailure, reportFailure } from '../web/failure.ts'

/** Runs a request's handler and answers all errors in the one shape of the API. */
export async function answerErrors(log: Logger, ctx: Context, run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
  } catch (thrown) {
    const error = isEnd(thrown) ? new SessionError('NOT_SIGNED_IN', 'Access Denied. Please sign in first.') : thrown
    const failure = readFailure(error)
    reportFailure(log, ctx, failure, error)
    ctx.set('Cache-Control', 'no-store')
    ctx.set(failure.headers)
    if (isForGood(error)) ctx.remove('Retry-After')
    ctx.status = failure.status
    ctx.body = { isCallbackError: true, message: messageOf(ctx, failure) + numberOf(error) }
  }
}

/** The token ended while the request was under way: the same as without a token. */
function isEnd(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'SESSION_ENDED'
}

/** A server without sessions stays without them, so `Retry-After` is no use. */
function isForGood(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'SESSIONS_OFF'
}

/** Server errors expose only the request's id in the log. */
function messageOf({ requestId }: Context, { status, message, expose }: Failure): string {
  if (expose) return message
  if (status >= 500) return `The server failed. Try again in a moment; the log has this request as ${requestId}.`
  return `${STATUS_CODES[status] ?? 'This did not work'}.`
}

/** The error's documented number, for programs that look for it. */
function numberOf(error: unknown): string {
  return error instanceof SessionError && error.number !== undefined ? ` (${error.number})` : ''
}
