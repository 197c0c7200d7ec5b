// The link may be opened on any device. All tabs of a browser share one stream.
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

// The page polls until the mail is sent.
if (document.getElementById('waiting')?.dataset.moving !== undefined)
  setInterval(() => {
    if (!document.hidden) location.replace('/signup/waiting?refresh')
  }, 2000)
