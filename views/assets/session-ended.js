// Notices when the session of this page has ended, wherever that was, and asks the server for the page again. One stream for all tabs
// of this browser, and none while nobody looks; a tab that is looked at again asks first if something happened meanwhile.
const STREAM = '/session/events'
const LATER_MILLISECONDS = 30_000
// Whoever logs in anew in another tab ends the session that this one shows: his next cookie is on its way.
const SETTLE_MILLISECONDS = 300
const LEAVING_MILLISECONDS = 15_000
const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('session') : undefined
let waiting
let release
let stream
let timer
let isStale = false
let isLeaving = false

function listen() {
  if (document.hidden || waiting || isLeaving) return
  waiting = new AbortController()
  // Without locks (a page that came without https) the tab that is looked at last has the stream.
  if (!navigator.locks) return open()
  const { signal } = waiting
  const hold = () =>
    new Promise((done) => {
      release = done
      open()
    })
  navigator.locks.request('session-stream', { signal }, hold).catch(() => undefined)
}

function rest() {
  clearTimeout(timer)
  waiting?.abort()
  stream?.close()
  release?.()
  waiting = stream = release = undefined
}

function open() {
  stream = new EventSource(STREAM)
  stream.addEventListener('ended', () => {
    stream?.close()
    timer = setTimeout(look, SETTLE_MILLISECONDS, 0)
  })
  // Another tab has it now.
  stream.addEventListener('elsewhere', () => stream?.close())
  stream.addEventListener('error', () => {
    if (stream?.readyState === EventSource.CLOSED) look(LATER_MILLISECONDS)
  })
}

/** Asks whether there still is a session; a fresh cookie for it is no end. */
async function look(again) {
  stream?.close()
  const answer = await fetch(STREAM, { method: 'HEAD', cache: 'no-store' }).catch(() => undefined)
  if (isLeaving || document.hidden) return
  if (answer?.status === 204) {
    tabs?.postMessage('ended')
    leave()
    return
  }
  clearTimeout(timer)
  timer = setTimeout(() => waiting && stream && open(), answer?.ok ? again : LATER_MILLISECONDS)
}

async function leave() {
  isLeaving = true
  rest()
  location.replace((await isWorthAsking()) ? location.pathname + location.search : '/')
}

/** Not for a refusal; and what answered a form may stand at an address that answers nothing else. */
async function isWorthAsking() {
  if (performance.getEntriesByType('navigation')[0]?.responseStatus >= 400) return false
  const answer = await fetch(location.pathname, { method: 'OPTIONS', cache: 'no-store' }).catch(() => undefined)
  const allowed = answer?.headers.get('Allow')
  return !allowed || allowed.includes('GET')
}

async function lookAtOnce() {
  isStale = false
  const answer = await fetch(STREAM, { method: 'HEAD', cache: 'no-store' }).catch(() => undefined)
  if (answer?.status === 204 && !isLeaving) leave()
}

/** A form or a link is taking this page away; going elsewhere now would cut that short, a log out or a log in for instance. */
function stayOutOfTheWay() {
  isLeaving = true
  rest()
  // It may have been a file that was saved, and the page is still here.
  setTimeout(() => {
    isLeaving = false
    listen()
  }, LEAVING_MILLISECONDS)
}

// A hidden tab waits until it is looked at: the page that comes next may have a message to show.
tabs?.addEventListener('message', () => {
  if (document.hidden) isStale = true
  else void lookAtOnce()
})
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return rest()
  if (isStale) void lookAtOnce()
  listen()
})
addEventListener('submit', stayOutOfTheWay)
addEventListener('beforeunload', stayOutOfTheWay)
addEventListener('pagehide', rest)
addEventListener('pageshow', () => {
  isLeaving = false
  listen()
})
listen()
