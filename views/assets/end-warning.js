// Warns the user before the session ends. The server tells how many seconds are left, so the clock of this computer may
// be wrong. Timers stop while a laptop sleeps, so each tick reads the clock.
const TICK_MILLISECONDS = 1000
const ASK_MILLISECONDS = 10_000

/**
 * `ask` asks the server how long the session lives, without counting as activity. `stay` counts as activity, and returns
 * whether the server has answered. `dismissed` tells the other tabs that the user has closed the warning.
 */
export function endWarning({ ask, stay, dismissed }) {
  let end = Number.POSITIVE_INFINITY
  let warning = 0
  let limit = 'idle'
  let askedAt = 0
  let isDismissed = false
  let dialog
  let timer

  const left = () => end - Date.now()

  function tick() {
    if (left() > warning) return hide()
    if (Math.abs(Date.now() - askedAt) >= ASK_MILLISECONDS) {
      askedAt = Date.now()
      void ask()
    }
    if (dialog) tell()
  }

  /** `text` is the description of the server, see `sessionLeft`. '' for a session that never expires. */
  function update(text) {
    const [seconds, warningSeconds, timeout] = text.split(' ')
    end = text === '' ? Number.POSITIVE_INFINITY : Date.now() + Number(seconds) * 1000
    warning = Number(warningSeconds) * 1000
    limit = timeout
    if (!(left() <= warning)) isDismissed = false
    if (left() <= warning && !isDismissed) show()
    else hide()
  }

  function show() {
    dialog ??= openDialog({ onStay, onClose: dismiss })
    tell()
  }

  function tell(problem = '') {
    dialog.title.textContent = `You will be signed out ${timeText(left())}`
    dialog.text.textContent =
      limit === 'idle'
        ? 'You have not opened a page for a while.'
        : 'A login lasts for a limited time, which cannot be extended. Save your work, and log in again.'
    if (problem) dialog.problem.textContent = problem
    dialog.stay.hidden = limit !== 'idle'
    dialog.close.textContent = limit === 'idle' ? 'Close' : 'OK'
  }

  async function onStay() {
    dialog.problem.textContent = ''
    if (!(await stay()) && dialog) tell('The server did not answer. Try again.')
  }

  function dismiss() {
    if (dialog) dismissed()
    close()
  }

  /** Closes the warning until the session is extended, for instance because the user closed it in another tab. */
  function close() {
    isDismissed = true
    hide()
  }

  function hide() {
    const open = dialog
    dialog = undefined
    open?.element.close()
    open?.element.remove()
  }

  return {
    update,
    close,
    start() {
      timer ??= setInterval(tick, TICK_MILLISECONDS)
      tick()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
    },
    remove() {
      end = Number.POSITIVE_INFINITY
      hide()
    },
  }
}

function timeText(milliseconds) {
  const minutes = Math.ceil(milliseconds / 60_000)
  if (milliseconds <= 0) return 'now'
  if (milliseconds < 60_000) return 'in less than a minute'
  return minutes === 1 ? 'in 1 minute' : `in ${minutes} minutes`
}

/** A modal dialog: the browser keeps the focus in it, and gives the focus back when it closes. */
function openDialog({ onStay, onClose }) {
  const element = create('dialog', { className: 'end-warning card', role: 'alertdialog' })
  const title = create('h2', { id: 'end-warning-title' })
  const text = create('p', { id: 'end-warning-text' })
  const problem = create('p', { className: 'problem', role: 'alert' })
  const stay = create('button', { type: 'button', textContent: 'Stay signed in' })
  const close = create('button', { type: 'button', className: 'quiet' })
  const actions = create('div', { className: 'actions' })
  actions.append(stay, close)
  element.append(title, text, problem, actions)
  element.setAttribute('aria-labelledby', title.id)
  element.setAttribute('aria-describedby', text.id)
  stay.addEventListener('click', onStay)
  close.addEventListener('click', onClose)
  element.addEventListener('cancel', (event) => {
    event.preventDefault()
    onClose()
  })
  document.body.append(element)
  element.showModal()
  return { element, title, text, problem, stay, close }
}

function create(name, properties) {
  return Object.assign(document.createElement(name), properties)
}
