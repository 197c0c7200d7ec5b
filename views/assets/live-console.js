// Updates the console when the server reports a change. The requests of this script do not extend the idle timeout.
import { isShown, openChannel, openStream, whileShown } from './page-stream.js'

const STREAM = '/admin/sessions/events'
const LONGEST_MILLISECONDS = 30_000
const AGAIN_MILLISECONDS = 5_000
const note = document.getElementById('live-state')
let stream
let timer
let reopening
let isFetching = false
let isHeldBack = false
let isWanted = false

const tabs = openChannel('console', (message) => {
  if (message === 'changed') return void refresh()
  if (stream?.readyState === EventSource.CLOSED) stream = undefined
  start()
})

async function refresh() {
  if (!isShown()) return
  isWanted = isFetching
  if (isFetching) return
  isFetching = true
  let hasEnded = false
  let needsPassword = false
  let isDone = false
  try {
    const address = new URL(location.href)
    address.searchParams.delete('done')
    address.searchParams.set('refresh', '')
    // Following the redirect to the password form would extend the idle timeout.
    const answer = await fetch(address, { redirect: 'manual' })
    hasEnded = answer.status === 404
    needsPassword = answer.type === 'opaqueredirect'
    if (answer.ok) {
      show(new DOMParser().parseFromString(await answer.text(), 'text/html'))
      isDone = true
    }
  } catch {
    // The note below reports the failure.
  } finally {
    isFetching = false
  }
  if (hasEnded) return showEnd()
  if (needsPassword) {
    stop()
    return setNote('Updates have stopped. Reload the page and enter your password to continue.')
  }
  if (!isDone) setNote('The last update failed. It is tried again.')
  refreshLater(isDone && !isHeldBack ? LONGEST_MILLISECONDS : AGAIN_MILLISECONDS)
  if (isWanted && isDone) void refresh()
}

function show(page) {
  isHeldBack = false
  for (const id of ['live', 'licences']) {
    const [before, now] = [document.getElementById(id), page.getElementById(id)]
    if (!before || !now || before.innerHTML === now.innerHTML) continue
    if (isInUse(before)) isHeldBack = true
    else before.replaceWith(document.adoptNode(now))
  }
  setNote(isHeldBack ? 'Paused while you are using or selecting something here.' : 'Updates automatically.')
}

/** A part of the page is in use while it has the focus or the selection, which a replacement would lose. */
function isInUse(part) {
  const selection = document.getSelection()
  const isSelected = selection && !selection.isCollapsed && selection.containsNode(part, true)
  return isSelected || part.contains(document.activeElement)
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
  document.getElementById('live')?.replaceChildren(notice)
}

/** Refreshes even when no session changes, because texts such as "3 min ago" become outdated. */
function refreshLater(milliseconds = LONGEST_MILLISECONDS) {
  clearTimeout(timer)
  timer = setTimeout(refresh, milliseconds)
}

function start() {
  if (stream || !isShown()) return
  const onChanged = () => {
    tabs?.postMessage('changed')
    void refresh()
  }
  stream = openStream(STREAM, { open: refresh, changed: onChanged }, () => {
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

whileShown(start, stop)
