// Reloads the page when its session has ended. All tabs of a browser share one stream; a tab that becomes visible again checks first
// whether it missed something.
import { isShown, leave, openChannel, openStream, whileShown } from './page-stream.js'

const STREAM = '/session/events'
const LATER_MILLISECONDS = 30_000
// A login in another tab replaces this session; the new cookie may still be on its way.
const SETTLE_MILLISECONDS = 300
let waiting
let release
let stream
let timer
let isStale = false

// A hidden tab waits until it is visible: the page that comes next may have a message to show.
const tabs = openChannel('session', () => {
  if (document.hidden) isStale = true
  else void checkNow()
})

function start() {
  if (isStale) void checkNow()
  if (waiting) return
  waiting = new AbortController()
  // Without locks (a page over plain HTTP) the tab that was visible last has the stream.
  if (!navigator.locks) return open()
  const { signal } = waiting
  const hold = () =>
    new Promise((done) => {
      release = done
      open()
    })
  navigator.locks.request('session-stream', { signal }, hold).catch(() => undefined)
}

function stop() {
  clearTimeout(timer)
  waiting?.abort()
  stream?.close()
  release?.()
  waiting = stream = release = undefined
}

function open() {
  const onEnded = () => {
    stream?.close()
    timer = setTimeout(check, SETTLE_MILLISECONDS, 0)
  }
  stream = openStream(STREAM, { ended: onEnded }, () => check(LATER_MILLISECONDS))
}

/** Reloads the page if the session has ended; otherwise opens the stream again. A rotated cookie is no end. */
async function check(again) {
  stream?.close()
  const status = await askStatus()
  if (!isShown()) return
  if (status === 204) {
    tabs?.postMessage('ended')
    void reload()
    return
  }
  clearTimeout(timer)
  timer = setTimeout(() => waiting && stream && open(), status === 200 ? again : LATER_MILLISECONDS)
}

async function checkNow() {
  isStale = (await askStatus()) === 204
  if (isStale && isShown()) void reload()
}

/** 204 when there is no session any more; `undefined` without an answer. */
async function askStatus() {
  const answer = await fetch(STREAM, { method: 'HEAD', cache: 'no-store' }).catch(() => undefined)
  return answer?.status
}

async function reload() {
  leave()
  location.replace((await canReload()) ? location.pathname + location.search : '/')
}

/** Whether this address can be asked for again: not after a refusal, nor where only forms are sent to. */
async function canReload() {
  if (performance.getEntriesByType('navigation')[0]?.responseStatus >= 400) return false
  const answer = await fetch(location.pathname, { method: 'OPTIONS', cache: 'no-store' }).catch(() => undefined)
  const allowed = answer?.headers.get('Allow')
  return !allowed || allowed.includes('GET')
}

whileShown(start, stop)
