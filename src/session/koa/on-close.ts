import type { ServerResponse } from 'node:http'

/**
 * Calls `run` when the response has been sent or the connection has closed. Calls it immediately if the response is
 * over.
 */
export function onClose(res: ServerResponse, run: () => void): void {
  if (res.closed || res.destroyed || res.writableFinished) run()
  else res.once('close', run)
}
