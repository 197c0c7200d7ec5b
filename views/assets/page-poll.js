// Fetches a page again and again in the background. The shown page stays, so a proxy's error page, a stopped server or
// a laptop that sleeps does not end the polling.
const SHORTEST_MILLISECONDS = 2000
const LONGEST_MILLISECONDS = 60_000
const ANSWER_MILLISECONDS = 15_000

/**
 * Calls `onPage` with each page that the server returns. After a failure, the next request waits twice as long, up to a
 * minute. If `slowsDown` is true, a success also doubles the wait. A tab that becomes visible sends a request at once.
 */
export function pollPage(address, onPage, { slowsDown = false } = {}) {
  let delay = SHORTEST_MILLISECONDS
  let timer = setTimeout(look, delay)
  let isAsking = false

  async function look() {
    clearTimeout(timer)
    if (isAsking || document.hidden) return
    isAsking = true
    const page = await fetchPage(address)
    isAsking = false
    delay = page && !slowsDown ? SHORTEST_MILLISECONDS : Math.min(2 * delay, LONGEST_MILLISECONDS)
    if (page) onPage(page)
    timer = setTimeout(look, delay)
  }

  document.addEventListener('visibilitychange', look)
  addEventListener('online', look)
}

/** Returns `undefined` for everything but a page of this application. */
async function fetchPage(address) {
  try {
    const answer = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MILLISECONDS) })
    if (answer.status !== 200 && answer.status !== 404) return undefined
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    return page.getElementById('content') ? page : undefined
  } catch {
    return undefined
  }
}
