// Reloads the waiting page when the link was opened, on any device. All tabs of a browser share one stream; a tab that becomes visible
// again asks first.
import { openChannel, openStream, whileShown } from './page-stream.js'

const step = document.getElementById('waiting')?.dataset.step
const tabs = openChannel('sign-up', showStep)
let stream

function showStep(now) {
  if (now === step) return
  stream?.close()
  reload()
}

function start() {
  if (stream) return
  const onStatus = (event) => {
    const now = JSON.parse(event.data).step
    tabs?.postMessage(now)
    showStep(now)
  }
  // A refused stream means that there is nothing left to wait for.
  stream = openStream('/signup/events', { status: onStatus }, reload)
}

function stop() {
  stream?.close()
  stream = undefined
}

function reload() {
  location.replace('/signup/waiting')
}

whileShown(start, stop)

// While the mail is not sent yet, the page polls.
if (document.getElementById('waiting')?.dataset.moving !== undefined)
  setInterval(() => {
    if (!document.hidden) location.replace('/signup/waiting?refresh')
  }, 2000)
