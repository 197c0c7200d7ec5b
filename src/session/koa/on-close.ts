import type { ServerResponse } from 'node:http'

/** Calls `run` when the response is sent or the connection closes, or immediately if this has already happened. */
export function onClose(res: ServerResponse, run: () => void): void {
  if (res.closed || res.destroyed || res.writableFinished) run()
  else res.once('close', run)
}
