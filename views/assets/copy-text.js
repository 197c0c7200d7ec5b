// Copies the value of a field. Without JavaScript it can be selected and copied by hand.
for (const button of document.querySelectorAll('button[data-copies]')) {
  const field = document.getElementById(button.dataset.copies)
  const status = button.parentElement.querySelector('[role="status"]')
  button.hidden = false
  button.addEventListener('click', async () => {
    field.select()
    status.textContent = (await copy(field)) ? 'Copied.' : 'Press Ctrl-C, or ⌘C, to copy it.'
  })
}

/** The clipboard is for pages by https, or of this machine; elsewhere the older way may still work. */
async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value)
    return true
  } catch {
    return document.execCommand('copy')
  }
}
