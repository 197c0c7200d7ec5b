import type { ServerResponse } from 'node:http'

/** Calls `run` when the response is sent or the connection closes, or immediately if this has already happened. */
export function onClose(res: ServerResponse, run: () => void): void {
  if (isClosed(res)) run()
  else res.once('close', run)
}

/** A response of Node's compatibility API for HTTP/2 has no property `closed`. Its stream has this property. */
function isClosed(res: ServerResponse & { stream?: { closed: boolean } }): boolean {
  return res.closed || res.destroyed || res.writableFinished || res.stream?.closed === true
}
