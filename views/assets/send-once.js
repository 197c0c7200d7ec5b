// A second click while the first one is on its way sends nothing: the answer to the first would be lost.
for (const form of document.querySelectorAll('form[data-sent-once]')) {
  let sent = false
  form.addEventListener('submit', (event) => {
    if (sent) event.preventDefault()
    sent = true
  })
  // Whoever comes back to the page may send the form anew.
  addEventListener('pageshow', () => {
    sent = false
  })
}
