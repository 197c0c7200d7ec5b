// Sends a form once. Ignores a double click, because the browser would discard the response to the first click.
const AGAIN_MILLISECONDS = 10_000
const BRIEFLY_MILLISECONDS = 4000
let sent = new WeakSet()

addEventListener('submit', (event) => {
  const form = event.target
  if (form.method !== 'post' || event.defaultPrevented) return
  if (sent.has(form)) return event.preventDefault()
  sent.add(form)
  showBusy(form)
  const isBrief = form.dataset.sentOnce === 'briefly'
  // The user may need the form again, because a download does not leave this page, and loading a page can be stopped.
  setTimeout(
    () => {
      if (isBrief) form.reset()
      sent.delete(form)
      showReady(form)
    },
    isBrief ? BRIEFLY_MILLISECONDS : AGAIN_MILLISECONDS,
  )
})

// htmx sends some forms without leaving the page.
addEventListener('htmx:before:request', ({ target }) => target.matches('form') && showBusy(target))
addEventListener('htmx:finally:request', ({ target }) => target.matches?.('form') && showReady(target))

// When the user returns to this page, the forms can be sent again.
addEventListener('pageshow', ({ persisted }) => {
  sent = new WeakSet()
  for (const form of document.querySelectorAll('form[aria-busy]')) showReady(form)
  if (persisted) for (const form of document.querySelectorAll('form[data-sent-once="briefly"]')) form.reset()
})

/** Shows that the server has not responded yet. The buttons stay enabled, because a disabled button loses the focus. */
function showBusy(form) {
  form.ariaBusy = 'true'
  for (const button of form.querySelectorAll('[data-busy]')) {
    button.dataset.label ??= button.textContent
    button.textContent = button.dataset.busy
  }
}

function showReady(form) {
  form.ariaBusy = 'false'
  for (const button of form.querySelectorAll('[data-label]')) button.textContent = button.dataset.label
}
