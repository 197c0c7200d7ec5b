import type { Logger } from 'pino'

/** Takes back what had begun, and throws what went wrong. When taking back fails too, that is only logged: the first fault is the one to tell. */
export async function undoAndThrow(
  log: Pick<Logger, 'warn'>,
  error: unknown,
  undo: () => Promise<unknown>,
): Promise<never> {
  await undo().catch((err: unknown) =>
    log.warn({ event: 'undo.failed', err }, 'what had begun could not be taken back'),
  )
  throw error
}
