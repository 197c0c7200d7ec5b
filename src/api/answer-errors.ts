import { STATUS_CODES } from 'node:http'
import type { Context } from 'koa'
import type { Logger } from 'pino'
import { SessionError } from '../session/index.ts'
import { type Failure, readFailure, reportFailure } from '../web/failure.ts'

/** Calls `run`. If `run` throws an error, responds with the JSON error body of the API. */
export async function answerErrors(log: Logger, ctx: Context, run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
  } catch (thrown) {
    const code = thrown instanceof SessionError ? thrown.code : undefined
    // If the token is revoked or expires during the request, the response is the same as for a missing token.
    const hasEnded = code === 'SESSION_ENDED'
    const error = hasEnded ? new SessionError('NOT_SIGNED_IN', 'Access Denied. Please sign in first.') : thrown
    const failure = readFailure(error)
    reportFailure(log, ctx, failure, error)
    ctx.set('Cache-Control', 'no-store')
    ctx.set(failure.headers)
    // Sessions stay off until the server restarts, so the response cannot name a time for a retry.
    if (code === 'SESSIONS_OFF') ctx.remove('Retry-After')
    ctx.status = failure.status
    ctx.body = { isCallbackError: true, message: messageOf(ctx, failure) + numberOf(error) }
  }
}

function messageOf({ requestId }: Context, { status, message, expose }: Failure): string {
  if (expose) return message
  if (status >= 500) return `The server failed. Try again in a moment; the log has this request as ${requestId}.`
  return `${STATUS_CODES[status] ?? 'This did not work'}.`
}

/** Returns the documented number of the error, such as " (5503)", or '' when it has no number. */
function numberOf(error: unknown): string {
  return error instanceof SessionError && error.number !== undefined ? ` (${error.number})` : ''
}
