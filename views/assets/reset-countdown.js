// Counts down to the reset of a public demo. The server tells how many seconds are left, so the clock of this computer may
// be wrong. Timers stop while a laptop sleeps, so each tick reads the clock.
const TICK_MILLISECONDS = 5000

const reset = document.getElementById('reset')
const notice = document.getElementById('reset-notice')
const end = Date.now() + Number(reset.dataset.secondsLeft) * 1000
const noticeMilliseconds = Number(reset.dataset.noticeSeconds) * 1000

function tick() {
  const left = end - Date.now()
  if (left <= 0) {
    reset.textContent = 'All data was reset. Reload the page.'
    notice.textContent = 'The demo was reset. Reload the page.'
    notice.hidden = false
    clearInterval(timer)
    return
  }
  // A changed text is read aloud, so the text changes only with the minute.
  for (const id of ['reset-left', 'reset-notice-left']) {
    const element = document.getElementById(id)
    const text = timeText(Math.ceil(left / 60_000))
    if (element.textContent !== text) element.textContent = text
  }
  if (left <= noticeMilliseconds) notice.hidden = false
}

function timeText(minutes) {
  if (minutes >= 24 * 60) return '1 day'
  if (minutes < 60) return `${minutes} min`
  const rest = minutes % 60
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`
}

const timer = setInterval(tick, TICK_MILLISECONDS)
tick()
