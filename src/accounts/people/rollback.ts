import type { Logger } from 'pino'

/** Undoes what was started, then rethrows `error`. A failing `undo` is only logged: the first error is the one to report. */
export async function rollback(
  log: Pick<Logger, 'warn'>,
  error: unknown,
  undo: () => Promise<unknown>,
): Promise<never> {
  await undo().catch((err: unknown) => log.warn({ event: 'undo.failed', err }, 'a rollback failed'))
  throw error
}
