// A second click while the first one is on its way sends nothing: the answer to the first would be lost.
const BRIEFLY_MILLISECONDS = 4000

for (const form of document.querySelectorAll('form[data-sent-once]')) {
  let sent = false
  form.addEventListener('submit', (event) => {
    if (sent) return event.preventDefault()
    sent = true
    // The answer may be a file, which leaves this page open: it clears the form, which can then be sent again.
    if (form.dataset.sentOnce === 'briefly')
      setTimeout(() => {
        form.reset()
        sent = false
      }, BRIEFLY_MILLISECONDS)
  })
  // After coming back to the page, the form can be sent again.
  addEventListener('pageshow', ({ persisted }) => {
    sent = false
    if (persisted && form.dataset.sentOnce === 'briefly') form.reset()
  })
}
