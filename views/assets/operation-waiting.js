// Polls while the page is visible, and reloads the page when the state has changed.
const LOOK_MILLISECONDS = 2000
const shown = document.getElementById('operation')?.dataset.state

async function look() {
  if (document.hidden) return
  const answer = await fetch(`${location.pathname}?refresh`).catch(() => undefined)
  if (answer?.status >= 500) return
  const page = answer && new DOMParser().parseFromString(await answer.text(), 'text/html')
  if (page && page.getElementById('operation')?.dataset.state !== shown) location.replace(location.pathname)
}

async function lookAgain() {
  await look().catch(() => undefined)
  setTimeout(lookAgain, LOOK_MILLISECONDS)
}

if (shown !== undefined) setTimeout(lookAgain, LOOK_MILLISECONDS)
document.addEventListener('visibilitychange', () => void look().catch(() => undefined))
