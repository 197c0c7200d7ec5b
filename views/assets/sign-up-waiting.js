// Reloads the page when the user opens the mailed link, on any device. All tabs of a browser share one stream.
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
  // The server refuses the stream when no sign-up is waiting.
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

// Until the mail is sent, the page reloads every two seconds.
if (document.getElementById('waiting')?.dataset.moving !== undefined)
  setInterval(() => {
    if (!document.hidden) location.replace('/signup/waiting?refresh')
  }, 2000)
