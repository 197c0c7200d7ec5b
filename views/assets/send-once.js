// A second click would lose the response to the first one.
const BRIEFLY_MILLISECONDS = 4000

for (const form of document.querySelectorAll('form[data-sent-once]')) {
  let sent = false
  form.addEventListener('submit', (event) => {
    if (sent) return event.preventDefault()
    sent = true
    // A download leaves this page open. The form can then be sent again.
    if (form.dataset.sentOnce === 'briefly')
      setTimeout(() => {
        form.reset()
        sent = false
      }, BRIEFLY_MILLISECONDS)
  })
  // The form can be sent again after Back.
  addEventListener('pageshow', ({ persisted }) => {
    sent = false
    if (persisted && form.dataset.sentOnce === 'briefly') form.reset()
  })
}
