// Reloads the page when its session has ended, or when the browser has another session or user. All tabs of a browser
// share one stream. Warns the user before the session ends.
import { endWarning } from './end-warning.js'
import { isShown, leave, openChannel, openStream, whileShown } from './page-stream.js'
import { hideAllBut, typedForms } from './typed-forms.js'

const STREAM = '/session/events'
const LATER_MILLISECONDS = 30_000
// After a login in another tab, the check waits this long, so that the browser has received the new cookie.
const SETTLE_MILLISECONDS = 300
// If a reload did not help, for example behind a proxy that caches pages, the page waits before it reloads again.
const RELOAD_MILLISECONDS = 10_000
const LEFT = 'Session-Left'
const mine = document.body.dataset.session
let waiting
let release
let stream
let timer
let isFirst = true
let isOver = false

const tabs = openChannel('session', (told) => {
  if (told.joined) showJoined(told.joined)
  else if (told.left !== undefined) warning.update(told.left)
  else if (told === 'dismissed') warning.close()
  else void checkNow()
})

const warning = endWarning({ ask: checkNow, stay: staySignedIn, dismissed: () => tabs?.postMessage('dismissed') })

function start() {
  warning.start()
  if (!isFirst) void checkNow()
  isFirst = false
  if (waiting || isOver) return
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
  warning.stop()
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
  const onSession = ({ data }) => void compare(JSON.parse(data))
  const onJoined = ({ data }) => {
    const { text } = JSON.parse(data)
    tabs?.postMessage({ joined: text })
    showJoined(text)
  }
  const listeners = { ended: onEnded, session: onSession, joined: onJoined }
  stream = openStream(STREAM, listeners, () => check(LATER_MILLISECONDS))
}

/** Tells the user that a one-time link has signed in another device. The next page tells it too. */
function showJoined(text) {
  const notice = document.createElement('p')
  notice.className = 'notice'
  notice.role = 'status'
  notice.textContent = `A device joined your session. ${text}`
  document.getElementById('content')?.prepend(notice)
}

/** Checks whether the session has ended, because the stream also ends after a rotation of the cookie. */
async function check(again) {
  stream?.close()
  const now = await askSession()
  if (!isShown() || compare(now)) return
  clearTimeout(timer)
  timer = setTimeout(() => waiting && stream && open(), now === undefined ? LATER_MILLISECONDS : again)
}

/** A hidden tab checks only when it becomes visible, because the reloaded page may show a one-time message. */
async function checkNow() {
  if (!isShown()) return
  const now = await askSession()
  if (isShown()) compare(now)
}

/** Returns the mark of the browser's session, '' when no user is signed in, and `undefined` without an answer. */
async function askSession() {
  const answer = await fetch(STREAM, { method: 'HEAD', cache: 'no-store' }).catch(() => undefined)
  if (answer?.status === 204) return ''
  if (answer?.status === 200 && !isOver) warning.update(answer.headers.get(LEFT) ?? '')
  return answer?.status === 200 ? (answer.headers.get('Session-User') ?? mine) : undefined
}

/** Each request for a page extends the session. The answer of the stream then tells by how much. */
async function staySignedIn() {
  const answer = await fetch('/', { method: 'HEAD', cache: 'no-store' }).catch(() => undefined)
  if (!answer?.ok) return false
  const left = answer.headers.get(LEFT)
  if (left) shareLeft(left)
  else await checkNow()
  return true
}

/** The other tabs may show the warning too, or an older time. */
function shareLeft(left) {
  warning.update(left)
  tabs?.postMessage({ left })
}

/** Returns whether `now` is not the session of this page. The page then reloads, or hides all but its typed text. */
function compare(now) {
  if (now === undefined || now === mine || isOver) return false
  if (!mayReload(now)) return false
  isOver = true
  warning.remove()
  tabs?.postMessage('changed')
  const forms = typedForms()
  if (forms.length === 0) void reload()
  else {
    stop()
    // An answer that is still on its way belongs to the page's session, so without the mark it is not shown here.
    delete document.body.dataset.session
    hideAllBut(
      forms,
      'You are signed out here, or another user has logged in. What you typed is still here. Send it, and you see it again before anything is done.',
    )
  }
  return true
}

/** Returns whether this tab did not reload for the same reason a moment ago. */
function mayReload(now) {
  try {
    const [reason, time] = JSON.parse(sessionStorage.getItem('reloaded') ?? '[]')
    if (reason === now && Date.now() - time < RELOAD_MILLISECONDS) return false
    sessionStorage.setItem('reloaded', JSON.stringify([now, Date.now()]))
  } catch {
    // Without storage, a page cannot know that it has reloaded.
  }
  return true
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

shareLeft(document.body.dataset.sessionLeft)
whileShown(start, stop)
