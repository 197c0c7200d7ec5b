import type { ServerResponse } from 'node:http'

/** Calls `run` when the answer is sent or its connection is gone: at once if that is so already. */
export function onClose(res: ServerResponse, run: () => void): void {
  if (res.closed || res.destroyed || res.writableFinished) run()
  else res.once('close', run)
}
