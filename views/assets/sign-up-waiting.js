// Turns the waiting page when the link was opened, wherever that was. One stream for all tabs of this browser, and none
// while nobody looks; a tab that is looked at again asks first.
const step = document.getElementById('waiting')?.dataset.step
const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('sign-up') : undefined
let stream

function told(now) {
  if (now === step) return
  stream?.close()
  location.replace('/signup/waiting')
}

function listen() {
  if (stream || document.hidden) return
  stream = new EventSource('/signup/events')
  stream.addEventListener('status', (event) => {
    const now = JSON.parse(event.data).step
    tabs?.postMessage(now)
    told(now)
  })
  // Another tab has it now, and tells the others.
  stream.addEventListener('elsewhere', rest)
  // The server says that there is nothing to wait for any more.
  stream.addEventListener('error', () => {
    if (stream?.readyState === EventSource.CLOSED) location.replace('/signup/waiting')
  })
}

function rest() {
  stream?.close()
  stream = undefined
}

tabs?.addEventListener('message', ({ data }) => told(data))
document.addEventListener('visibilitychange', () => (document.hidden ? rest() : listen()))
addEventListener('pagehide', rest)
addEventListener('pageshow', listen)
listen()

// The mail is not out yet: look again how it goes, while somebody looks at the page.
if (document.getElementById('waiting')?.dataset.moving !== undefined) {
  setInterval(() => {
    if (!document.hidden) location.replace('/signup/waiting?refresh')
  }, 2000)
}
