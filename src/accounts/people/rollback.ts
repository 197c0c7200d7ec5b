import type { Logger } from 'pino'

/** Calls `undo`, then throws `error`. An error of `undo` is only logged. */
export async function rollback(
  log: Pick<Logger, 'warn'>,
  error: unknown,
  undo: () => Promise<unknown>,
): Promise<never> {
  await undo().catch((err: unknown) => log.warn({ event: 'undo.failed', err }, 'a rollback failed'))
  throw error
}
