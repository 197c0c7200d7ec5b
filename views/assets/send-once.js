// Ignores a second click, because the browser would then discard the response to the first click.
const BRIEFLY_MILLISECONDS = 4000

for (const form of document.querySelectorAll('form[data-sent-once]')) {
  let sent = false
  form.addEventListener('submit', (event) => {
    if (sent) return event.preventDefault()
    sent = true
    showBusy(form)
    // A download leaves this page open, so users can send the form again after a few seconds.
    if (form.dataset.sentOnce === 'briefly')
      setTimeout(() => {
        form.reset()
        sent = false
        showReady(form)
      }, BRIEFLY_MILLISECONDS)
  })
  // When the user returns to this page, the form can be sent again.
  addEventListener('pageshow', ({ persisted }) => {
    sent = false
    showReady(form)
    if (persisted && form.dataset.sentOnce === 'briefly') form.reset()
  })
}

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
