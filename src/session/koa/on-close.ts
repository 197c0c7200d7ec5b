import type { ServerResponse } from 'node:http'

/** Calls `run` when the response is sent or the connection closes, or immediately if this has already happened. */
export function onClose(res: ServerResponse, run: () => void): void {
  if (isClosed(res)) run()
  else res.once('close', run)
}

/** A response of HTTP/2's compatibility API has no property `closed`, but its stream has this property. */
function isClosed(res: ServerResponse & { stream?: { closed: boolean } }): boolean {
  return res.closed || res.destroyed || res.writableFinished || res.stream?.closed === true
}
