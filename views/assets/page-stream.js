// A page has an open stream only while the page is visible and no other page is loading.
const LEAVING_MILLISECONDS = 15_000
const users = []
let isLeaving = false

export function isShown() {
  return !document.hidden && !isLeaving
}

/** Calls `start` when the page is shown, and `stop` when the page is hidden. Each function may be called repeatedly. */
export function whileShown(start, stop) {
  users.push({ start, stop })
  update()
}

/** Stops all streams before another page loads. The streams restart if this page is still open after 15 seconds. */
export function leave() {
  isLeaving = true
  update()
  setTimeout(stay, LEAVING_MILLISECONDS)
}

/** `onRefused` is called when the browser does not reconnect by itself. */
export function openStream(address, listeners, onRefused) {
  const stream = new EventSource(address)
  for (const [event, listener] of Object.entries(listeners)) stream.addEventListener(event, listener)
  // Another tab has opened the stream now, and notifies this tab of changes.
  stream.addEventListener('elsewhere', () => stream.close())
  stream.addEventListener('error', () => {
    if (stream.readyState === EventSource.CLOSED) onRefused()
  })
  return stream
}

/** Returns `undefined` in browsers without `BroadcastChannel`. */
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
// An update must not replace the page while another page loads.
addEventListener('submit', ({ defaultPrevented }) => defaultPrevented || leave())
addEventListener('beforeunload', leave)
addEventListener('pagehide', () => {
  for (const { stop } of users) stop()
})
addEventListener('pageshow', stay)
