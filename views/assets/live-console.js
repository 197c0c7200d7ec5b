// Keeps the console as it is now: the server says when something changed, and the part of the page that shows it is fetched again, by a
// request that does not count as activity. Nothing is asked while nobody looks, and nothing is replaced while somebody is in it.
const STREAM = '/admin/sessions/events'
const LONGEST_MILLISECONDS = 30_000
const AGAIN_MILLISECONDS = 5_000
const LEAVING_MILLISECONDS = 15_000
const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('console') : undefined
const note = document.getElementById('live-state')
let stream
let timer
let reopening
let isFetching = false
let isHeldBack = false
let isWanted = false
let isLeaving = false

async function refresh() {
  if (document.hidden || isLeaving) return
  isWanted = isFetching
  if (isFetching) return
  isFetching = true
  let hasEnded = false
  let isDone = false
  try {
    const address = new URL(location.href)
    address.searchParams.delete('done')
    address.searchParams.set('refresh', '')
    const answer = await fetch(address)
    hasEnded = answer.status === 404
    if (answer.ok && !answer.redirected) {
      show(new DOMParser().parseFromString(await answer.text(), 'text/html'))
      isDone = true
    }
  } catch {
    // The network, or an answer that was cut: both are told below.
  } finally {
    isFetching = false
  }
  if (hasEnded) return showEnd()
  if (!isDone) tell('Could not be updated just now. It is tried again.')
  lookLater(isDone && !isHeldBack ? LONGEST_MILLISECONDS : AGAIN_MILLISECONDS)
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
  tell(isHeldBack ? 'Waits while you are using or selecting something in it.' : 'Updates by itself.')
}

/** Whether what somebody has his focus on, or has selected, would be taken away. */
function isInUse(part) {
  const selection = document.getSelection()
  const isSelected = selection && !selection.isCollapsed && selection.containsNode(part, true)
  return isSelected || part.contains(document.activeElement)
}

function tell(text) {
  if (note && note.textContent !== text) note.textContent = text
}

function showEnd() {
  rest()
  const notice = document.createElement('p')
  notice.className = 'notice'
  notice.role = 'status'
  notice.textContent = 'This session has ended.'
  document.getElementById('live')?.replaceChildren(notice)
}

/** Times pass, also when nothing changes. */
function lookLater(milliseconds = LONGEST_MILLISECONDS) {
  clearTimeout(timer)
  timer = setTimeout(refresh, milliseconds)
}

function listen() {
  if (stream || document.hidden || isLeaving) return
  stream = new EventSource(STREAM)
  stream.addEventListener('open', refresh)
  stream.addEventListener('changed', () => {
    tabs?.postMessage('changed')
    void refresh()
  })
  // Another tab has it now, and tells the others.
  stream.addEventListener('elsewhere', () => stream?.close())
  // There is no place for it at the moment, or it was cut; browsers ask again by themselves only for the latter.
  stream.addEventListener('error', () => {
    if (stream?.readyState !== EventSource.CLOSED) return
    stream = undefined
    clearTimeout(reopening)
    reopening = setTimeout(listen, LONGEST_MILLISECONDS)
  })
  // Also where the stream cannot be opened.
  lookLater()
}

function rest() {
  clearTimeout(timer)
  clearTimeout(reopening)
  if (!stream) return
  const wasMine = stream.readyState !== EventSource.CLOSED
  stream.close()
  stream = undefined
  if (wasMine) tabs?.postMessage('free')
}

/** A form or a link is taking this page away; what it does is not to be watched from here. */
function stayOutOfTheWay() {
  isLeaving = true
  rest()
  // It may have been a file that was saved, and the page is still here.
  setTimeout(() => {
    isLeaving = false
    listen()
  }, LEAVING_MILLISECONDS)
}

tabs?.addEventListener('message', ({ data }) => {
  if (data === 'changed') return void refresh()
  if (stream?.readyState === EventSource.CLOSED) stream = undefined
  listen()
})
document.addEventListener('visibilitychange', () => (document.hidden ? rest() : listen()))
addEventListener('submit', stayOutOfTheWay)
addEventListener('beforeunload', stayOutOfTheWay)
addEventListener('pagehide', rest)
addEventListener('pageshow', () => {
  isLeaving = false
  listen()
})
listen()
