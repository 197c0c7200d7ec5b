// Reloads the page when the user opens the mailed link, on any device. All tabs of a browser share one stream.
import { pollPage } from './page-poll.js'
import { openChannel, openStream, whileShown } from './page-stream.js'

const PAGE = '/signup/waiting'
const step = document.getElementById('waiting')?.dataset.step
const shown = stateIn(document)
const tabs = openChannel('sign-up', showStep)
let stream
let isPolling = false

function showStep(now) {
  if (now === step) return
  stream?.close()
  location.replace(PAGE)
}

function start() {
  if (stream) return
  const onStatus = (event) => {
    const now = JSON.parse(event.data).step
    tabs?.postMessage(now)
    showStep(now)
  }
  // The server refuses the stream when no sign-up is waiting, and when too many streams are open.
  stream = openStream('/signup/events', { status: onStatus }, () => poll({ slowsDown: true }))
}

function stop() {
  stream?.close()
  stream = undefined
}

function poll(options) {
  if (isPolling) return
  isPolling = true
  pollPage(
    `${PAGE}?refresh`,
    (page) => {
      if (stateIn(page) !== shown) location.replace(PAGE)
    },
    options,
  )
}

function stateIn(page) {
  const waiting = page.getElementById('waiting')
  return `${waiting?.dataset.step} ${waiting?.querySelector('.sign-up-step')?.textContent}`
}

whileShown(start, stop)

// Until the mail is sent, the page follows its progress.
if (document.getElementById('waiting')?.dataset.moving !== undefined) poll()
