// Reloads the page when its session has ended. All tabs of a browser share one stream.
import { isShown, leave, openChannel, openStream, whileShown } from './page-stream.js'

const STREAM = '/session/events'
const LATER_MILLISECONDS = 30_000
// After a login in another tab, the check waits this long, so that the browser has received the new cookie.
const SETTLE_MILLISECONDS = 300
let waiting
let release
let stream
let timer
let isStale = false

// A hidden tab reloads only when it becomes visible, because the reloaded page may show a one-time message.
const tabs = openChannel('session', () => {
  if (document.hidden) isStale = true
  else void checkNow()
})

function start() {
  if (isStale) void checkNow()
  if (waiting) return
  waiting = new AbortController()
  // Browsers have no locks over plain HTTP. Without locks, the tab that became visible last has the stream.
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

/** Checks whether the session has ended, because the stream also ends after a rotation of the cookie. */
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

/** Returns 204 when the session has ended, and `undefined` when there is no response. */
async function askStatus() {
  const answer = await fetch(STREAM, { method: 'HEAD', cache: 'no-store' }).catch(() => undefined)
  return answer?.status
}

async function reload() {
  leave()
  location.replace((await canReload()) ? location.pathname + location.search : '/')
}

/** Returns false for error pages and for addresses that accept only forms. */
async function canReload() {
  if (performance.getEntriesByType('navigation')[0]?.responseStatus >= 400) return false
  const answer = await fetch(location.pathname, { method: 'OPTIONS', cache: 'no-store' }).catch(() => undefined)
  const allowed = answer?.headers.get('Allow')
  return !allowed || allowed.includes('GET')
}

whileShown(start, stop)
