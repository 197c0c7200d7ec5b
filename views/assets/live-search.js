// Searches while the user types, and shows the results without loading the page. The address is that of the results.
import { replaceParts } from './page-parts.js'

const PARTS = ['results', 'search-buttons']
const PAUSE_MILLISECONDS = 250
// After this many searches within a minute, the searches become slower. So typing alone never reaches the limit of 60.
const QUICK_SEARCHES = 40
const SLOW_MILLISECONDS = 3000
const MINUTE_MILLISECONDS = 60_000

const form = document.getElementById('search')
let shown = addressOf(new URLSearchParams(location.search))
let recent = []
let timer
let request

form.addEventListener('input', searchSoon)
form.addEventListener('submit', (event) => {
  event.preventDefault()
  void search()
})
// A link of the results leaves the page, so a search that is still under way must not change the address.
addEventListener('pagehide', stop)

function searchSoon() {
  stop()
  if (addressOfForm() === shown) return setState('')
  const since = performance.now() - MINUTE_MILLISECONDS
  recent = recent.filter((time) => time > since)
  timer = setTimeout(search, recent.length < QUICK_SEARCHES ? PAUSE_MILLISECONDS : SLOW_MILLISECONDS)
}

async function search() {
  stop()
  const address = addressOfForm()
  request = new AbortController()
  const { signal } = request
  recent.push(performance.now())
  form.ariaBusy = 'true'
  try {
    const answer = await fetch(address, { signal })
    if (answer.status === 429) return wait(Number(answer.headers.get('Retry-After')))
    // Another status, or another page such as the login, is shown as a page.
    if (!answer.ok || new URL(answer.url).pathname !== location.pathname) return location.assign(address)
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    if (signal.aborted) return
    replaceParts(page, PARTS)
    history.replaceState(history.state, '', address)
    shown = address
  } catch {
    if (!signal.aborted) setState('The search failed. Press “Show” to try again.')
  } finally {
    if (!signal.aborted) form.ariaBusy = 'false'
  }
}

/** The limit counts the searches of all tabs, so another tab may have used it up. */
function wait(seconds) {
  setState(`Too many searches. This one follows in ${seconds} seconds.`)
  timer = setTimeout(search, seconds * 1000)
}

function stop() {
  clearTimeout(timer)
  request?.abort()
}

function addressOfForm() {
  return addressOf(new FormData(form))
}

/** The address without empty fields and with the fields in the order of the form. */
function addressOf(fields) {
  const given = new URLSearchParams()
  for (const { name } of form.elements) {
    const value = name === '' ? '' : (fields.get(name) ?? '').trim()
    if (value !== '' && !(name === 'sort' && value === 'name')) given.set(name, value)
  }
  return given.size === 0 ? location.pathname : `${location.pathname}?${given}`
}

function setState(text) {
  const state = document.getElementById('search-state')
  if (state) state.textContent = text
}
