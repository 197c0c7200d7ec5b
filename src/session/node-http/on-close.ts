import type { ServerResponse } from 'node:http'

/** Calls `run` when the response is sent or the connection closes, or immediately if this has already happened. */
export function onClose(res: ServerResponse, run: () => void): void {
  if (isClosed(res)) run()
  else if (res.socket) res.once('close', run)
  else onCloseInQueue(res, run)
}

/**
 * With pipelining (HTTP/1.1), a response has no socket until the earlier responses are sent. If the client leaves before,
 * Node emits no `close` for the response.
 */
function onCloseInQueue(res: ServerResponse, run: () => void): void {
  const { socket } = res.req
  const close = () => {
    res.off('close', close)
    socket.off('close', close)
    run()
  }
  res.once('close', close)
  socket.once('close', close)
}

/** A response of Node's compatibility API for HTTP/2 has no property `closed`. Its stream has this property. */
function isClosed(res: ServerResponse & { stream?: { closed: boolean } }): boolean {
  const isDestroyed = res.destroyed || (!res.socket && res.req?.socket?.destroyed)
  return res.closed || isDestroyed || res.writableFinished || res.stream?.closed === true
}
