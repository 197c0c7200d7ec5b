// Updates the console when the server reports a change. The requests of this script do not extend the idle timeout.
import { isChanged } from './live-parts.js'
import { isShown, openChannel, openStream, whileShown } from './page-stream.js'

const STREAM = '/admin/sessions/events'
const LONGEST_MILLISECONDS = 30_000
const AGAIN_MILLISECONDS = 5_000
const UP_TO_DATE = 'Updates automatically.'
const { htmx } = window
const live = document.getElementById('live')
const note = document.getElementById('live-state')
let stream
let timer
let reopening
let isHeldBack = false

const tabs = openChannel('console', (message) => {
  if (message === 'changed') return refresh()
  if (stream?.readyState === EventSource.CLOSED) stream = undefined
  start()
})

function refresh() {
  if (isShown()) htmx.trigger(live, 'refresh')
}

live.addEventListener('htmx:before:swap', ({ detail: { tasks } }) => {
  const held = tasks.filter((task) => isChanged(task) && isSelected(task.target))
  for (const task of held) tasks.splice(tasks.indexOf(task), 1)
  isHeldBack = held.length > 0
})

live.addEventListener('htmx:finally:request', ({ detail: { ctx } }) => {
  const { status, type } = ctx.response?.raw ?? {}
  if (status === 404) return showEnd()
  // Following the redirect to the password form would extend the idle timeout.
  if (type === 'opaqueredirect') {
    stop()
    return setNote('Updates have stopped. Reload the page and enter your password to continue.')
  }
  const isDone = ctx.status === 'swapped'
  if (!isDone) setNote('The last update failed. It is tried again.')
  else setNote(isHeldBack ? 'Paused while you are selecting text here.' : UP_TO_DATE)
  refreshLater(isDone && !isHeldBack ? LONGEST_MILLISECONDS : AGAIN_MILLISECONDS)
})

/** A replacement would remove the selection. */
function isSelected(part) {
  const selection = document.getSelection()
  return selection && !selection.isCollapsed && selection.containsNode(part, true)
}

function setNote(text) {
  if (note && note.textContent !== text) note.textContent = text
}

function showEnd() {
  stop()
  const notice = document.createElement('p')
  notice.className = 'notice'
  notice.role = 'status'
  notice.textContent = 'This session has ended.'
  live.replaceChildren(notice)
}

/** Refreshes even when no session changes, because texts such as "3 min ago" become outdated. */
function refreshLater(milliseconds = LONGEST_MILLISECONDS) {
  clearTimeout(timer)
  timer = setTimeout(refresh, milliseconds)
}

function start() {
  if (stream || !isShown()) return
  // A session may have changed between the response of the page and the start of the stream.
  const onVersion = ({ data }) => {
    if (JSON.parse(data).version === live.dataset.version) setNote(UP_TO_DATE)
    else refresh()
  }
  const onChanged = (event) => {
    tabs?.postMessage('changed')
    onVersion(event)
  }
  stream = openStream(STREAM, { version: onVersion, changed: onChanged }, () => {
    stream = undefined
    clearTimeout(reopening)
    reopening = setTimeout(start, LONGEST_MILLISECONDS)
  })
  // The timer refreshes the page even when the stream cannot be opened.
  refreshLater()
}

function stop() {
  clearTimeout(timer)
  clearTimeout(reopening)
  if (!stream) return
  const wasMine = stream.readyState !== EventSource.CLOSED
  stream.close()
  stream = undefined
  if (wasMine) tabs?.postMessage('free')
}

// Without htmx, the page keeps its first text, which says that it is not updated.
if (htmx) whileShown(start, stop)
