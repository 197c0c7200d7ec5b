// Keeps the search of htmx within the limit, and its address short. Another tab may have used the limit up.
// After this many searches within a minute, the searches become slower. So typing alone never reaches the limit of 60.
const QUICK_SEARCHES = 40
const SLOWER_MILLISECONDS = 2750
const MINUTE_MILLISECONDS = 60_000

const form = document.getElementById('search')
let recent = []
let shown = location.search
let timer

form.addEventListener('input', () => {
  clearTimeout(timer)
  setState('')
})

form.addEventListener('htmx:config:request', ({ detail }) => {
  const { body } = detail.ctx.request
  for (const [name, value] of [...body]) {
    const text = value.trim()
    if (text === '' || (name === 'sort' && text === 'name')) body.delete(name)
    else body.set(name, text)
  }
})

form.addEventListener('htmx:before:request', (event) => {
  clearTimeout(timer)
  const since = performance.now() - MINUTE_MILLISECONDS
  recent = recent.filter((time) => time > since)
  if (recent.length >= QUICK_SEARCHES && event.detail.ctx.sourceEvent.type === 'input') {
    event.preventDefault()
    return searchAfter(SLOWER_MILLISECONDS)
  }
  recent.push(performance.now())
})

form.addEventListener('htmx:before:response', (event) => {
  const { status, headers } = event.detail.ctx.response
  if (status !== 429) return
  event.preventDefault()
  // A proxy may leave the header out, or send a date.
  const seconds = Number(headers.get('Retry-After')) || MINUTE_MILLISECONDS / 1000
  setState(`Too many searches. This one follows in ${seconds} seconds.`)
  searchAfter(seconds * 1000)
})

addEventListener('htmx:after:history:replace', () => {
  shown = location.search
})

// A link within the page, such as "Skip to the content", made an entry of the history before the search.
addEventListener('popstate', () => {
  if (location.search !== shown) location.reload()
})

function searchAfter(milliseconds) {
  timer = setTimeout(() => form.requestSubmit(), milliseconds)
}

function setState(text) {
  document.getElementById('live-state').textContent = text
}
