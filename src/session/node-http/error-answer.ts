import { STATUS_CODES } from 'node:http'
import type { SessionError } from '../core/errors.ts'

interface ErrorAnswer {
  status: number
  headers: Record<string, string>
  text: string
}

/** The answer to an error that the application does not handle. Reports an error without a status of HTTP. */
export function errorAnswer(error: unknown): ErrorAnswer {
  const { status = 0, expose, headers = {}, message } = Object(error) as Partial<SessionError>
  if (STATUS_CODES[status] === undefined || status < 400) {
    process.emitWarning(error instanceof Error ? error : new Error(String(error)))
    return { status: 500, headers: {}, text: 'Internal Server Error\n' }
  }
  return { status, headers, text: `${expose ? message : STATUS_CODES[status]}\n` }
}
