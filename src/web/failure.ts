import { STATUS_CODES } from 'node:http'
import type { Context } from 'koa'
import type { Logger } from 'pino'
import { maskSecrets } from './mask-secrets.ts'
import { Problem } from './problem.ts'

export interface Failure {
  status: number
  message: string
  /** Whether users may see the message. Other messages may contain internals. */
  expose: boolean
  headers: Record<string, string>
}

/** Reads the properties that Koa, http-errors and this project's errors share. The default status is 500. */
export function readFailure(error: unknown): Failure {
  const { status, statusCode, expose, message, headers } = Object(error) as Record<string, unknown>
  const code = [status, statusCode].find(
    (value): value is number => Number.isInteger(value) && STATUS_CODES[Number(value)] !== undefined,
  )
  return {
    status: code !== undefined && code >= 400 ? code : 500,
    message: typeof message === 'string' ? message : '',
    expose: expose === true && typeof message === 'string' && message !== '' && isForPeople(error),
    headers: typeof headers === 'object' && headers !== null ? (headers as Record<string, string>) : {},
  }
}

export function reportFailure(log: Logger, { requestId }: Context, { status, message }: Failure, error: unknown): void {
  // The message may repeat a secret that the client sent.
  const reason = maskSecrets(message)
  if (status === 503) log.warn({ requestId, status, reason, err: Object(error).cause }, 'not available')
  else if (status >= 500) log.error({ requestId, status, err: error }, 'request failed')
  else log.info({ event: 'refused', requestId, status, reason }, 'request refused')
}

/** Returns false for messages that are not written for users, such as "request entity too large" of http-errors. */
function isForPeople(error: unknown): boolean {
  return error instanceof Problem || (error instanceof Error && /^[A-Z].*[.!?]$/s.test(error.message))
}
