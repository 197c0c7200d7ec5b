// Ignores a second click, because the browser would then discard the response to the first click.
const BRIEFLY_MILLISECONDS = 4000

for (const form of document.querySelectorAll('form[data-sent-once]')) {
  let sent = false
  form.addEventListener('submit', (event) => {
    if (sent) return event.preventDefault()
    sent = true
    // A download leaves this page open, so users can send the form again after a few seconds.
    if (form.dataset.sentOnce === 'briefly')
      setTimeout(() => {
        form.reset()
        sent = false
      }, BRIEFLY_MILLISECONDS)
  })
  // When the user returns to this page, the form can be sent again.
  addEventListener('pageshow', ({ persisted }) => {
    sent = false
    if (persisted && form.dataset.sentOnce === 'briefly') form.reset()
  })
}
