// Opens the page of the session inspector in a drawer. Without this script, the chip is a link to that page.
const KEY = 'KeyU'
const SEEN = 'session chip'
const TICK_MILLISECONDS = 1000
const chip = document.getElementById('session-chip')
const isInspector = document.getElementById('inspector') !== null
let drawer
let timer

if (chip) {
  markRotation()
  if (isInspector) countDown(document)
  else enhance()
}

function enhance() {
  chip.setAttribute('role', 'button')
  chip.setAttribute('aria-haspopup', 'dialog')
  chip.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    void open(chip.href)
  })
  chip.addEventListener('keydown', (event) => {
    if (event.key !== ' ') return
    event.preventDefault()
    void open(chip.href)
  })
  document.addEventListener('keydown', (event) => {
    if (event.code !== KEY || !event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    if (drawer?.open) drawer.close()
    else void open(chip.href)
  })
}

/** Another ID than on the previous page of this tab was rotated, for instance by a login. */
function markRotation() {
  const id = chip.textContent.trim()
  const before = sessionStorage.getItem(SEEN)
  if (before !== null && before !== id) chip.classList.add('rotated')
  sessionStorage.setItem(SEEN, id)
}

async function open(address) {
  drawer ??= createDrawer()
  if (!drawer.open) drawer.showModal()
  drawer.setAttribute('aria-busy', 'true')
  const content = await fetchContent(address)
  drawer.removeAttribute('aria-busy')
  drawer.lastElementChild.replaceChildren(content)
  drawer.scrollTop = 0
  countDown(drawer)
}

/** The page has status 404 for a request without a trace, and says so. */
async function fetchContent(address) {
  try {
    // An error is wanted as JSON, because an error page would use up a message for this user.
    const answer = await fetch(address, { cache: 'no-store', headers: { Accept: 'application/json, text/html;q=0.9' } })
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const content = page.getElementById('inspector')
    if (content) return document.adoptNode(content)
  } catch {
    // The text below reports the failure.
  }
  const problem = document.createElement('p')
  problem.className = 'notice'
  problem.role = 'alert'
  problem.textContent = 'The server did not answer. Close this drawer and try again.'
  return problem
}

/** A modal dialog: the browser keeps the focus in it, closes it on Escape, and gives the focus back. */
function createDrawer() {
  const element = document.createElement('dialog')
  element.className = 'inspector-drawer'
  element.setAttribute('aria-label', 'Under the hood')
  const close = document.createElement('button')
  close.type = 'button'
  close.className = 'inspector-close'
  close.textContent = 'Close (Esc)'
  close.addEventListener('click', () => element.close())
  element.append(close, document.createElement('div'))
  element.addEventListener('close', () => clearInterval(timer))
  element.addEventListener('click', (event) => {
    const link = event.target.closest?.('.inspector-request')
    if (event.target === element) element.close()
    if (!link) return
    event.preventDefault()
    close.focus()
    void open(link.href)
  })
  document.body.append(element)
  return element
}

/** The server's numbers count down. Each tick reads the clock, because timers stop while a computer sleeps. */
function countDown(part) {
  const began = Date.now()
  const places = [...part.querySelectorAll('[data-seconds-left]')]
  const tick = () => {
    for (const place of places)
      place.textContent = timeText(Number(place.dataset.secondsLeft) - Math.round((Date.now() - began) / 1000))
  }
  clearInterval(timer)
  timer = setInterval(tick, TICK_MILLISECONDS)
  tick()
}

function timeText(seconds) {
  if (seconds <= 0) return 'ends now'
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const rest = `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`
  return hours > 0 ? `${hours} h ${rest}` : rest
}
