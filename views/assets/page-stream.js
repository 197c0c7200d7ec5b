// Event streams of a page. A stream is open only while its page is visible and is not being left.
const LEAVING_MILLISECONDS = 15_000
const users = []
let isLeaving = false

/** Whether the page is visible, and no form or link is taking it away. */
export function isShown() {
  return !document.hidden && !isLeaving
}

/** Calls `start` while the page is shown and `stop` otherwise. Each may be called several times in a row. */
export function whileShown(start, stop) {
  users.push({ start, stop })
  update()
}

/** Stops all streams, because another page is about to be loaded. They start again if this page is still there after 15 seconds. */
export function leave() {
  isLeaving = true
  update()
  setTimeout(stay, LEAVING_MILLISECONDS)
}

/** Opens an event stream. `onRefused` is called when the browser does not reconnect by itself. */
export function openStream(address, listeners, onRefused) {
  const stream = new EventSource(address)
  for (const [event, listener] of Object.entries(listeners)) stream.addEventListener(event, listener)
  // Another tab has the stream now, and notifies the others.
  stream.addEventListener('elsewhere', () => stream.close())
  stream.addEventListener('error', () => {
    if (stream.readyState === EventSource.CLOSED) onRefused()
  })
  return stream
}

/** A channel to the other tabs; `undefined` in browsers without one. */
export function openChannel(name, onMessage) {
  if (!('BroadcastChannel' in window)) return undefined
  const channel = new BroadcastChannel(name)
  channel.addEventListener('message', ({ data }) => onMessage(data))
  return channel
}

function stay() {
  isLeaving = false
  update()
}

function update() {
  for (const { start, stop } of users) (isShown() ? start : stop)()
}

document.addEventListener('visibilitychange', update)
// The streams must not reload or replace the page while a form or a link is loading another one.
addEventListener('submit', leave)
addEventListener('beforeunload', leave)
addEventListener('pagehide', () => {
  for (const { stop } of users) stop()
})
addEventListener('pageshow', stay)
