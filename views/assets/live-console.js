// Updates the console when the server reports a change. The requests of this script do not extend the idle timeout.
import { isShown, openChannel, openStream, whileShown } from './page-stream.js'

const STREAM = '/admin/sessions/events'
const LONGEST_MILLISECONDS = 30_000
const AGAIN_MILLISECONDS = 5_000
const UP_TO_DATE = 'Updates automatically.'
const FOCUSABLE = 'a[href], button'
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
    if (!before || !now) continue
    if (before.innerHTML === now.innerHTML) Object.assign(before.dataset, now.dataset)
    else if (isSelected(before)) isHeldBack = true
    else replace(before, document.adoptNode(now))
  }
  setNote(isHeldBack ? 'Paused while you are selecting text here.' : UP_TO_DATE)
}

/** A replacement would remove the selection. */
function isSelected(part) {
  const selection = document.getSelection()
  return selection && !selection.isCollapsed && selection.containsNode(part, true)
}

/** Keeps the keyboard's place: the focus moves to the same element of the new part, or to the next element. */
function replace(before, now) {
  const place = [...before.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement)
  const { id } = document.activeElement
  before.replaceWith(now)
  if (place < 0) return
  const places = [...now.querySelectorAll(FOCUSABLE)]
  const same = id === '' ? undefined : places.find((element) => element.id === id)
  const next = same ?? places[Math.min(place, places.length - 1)] ?? now
  next.focus({ preventScroll: true })
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
  // A session may have changed between the response of the page and the start of the stream.
  const onVersion = ({ data }) => {
    if (JSON.parse(data).version === document.getElementById('live')?.dataset.version) setNote(UP_TO_DATE)
    else void refresh()
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

whileShown(start, stop)
