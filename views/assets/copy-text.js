// Without JavaScript, users select the field and copy by hand.
for (const button of document.querySelectorAll('button[data-copies]')) {
  const field = document.getElementById(button.dataset.copies)
  const status = button.parentElement.querySelector('[role="status"]')
  button.hidden = false
  button.addEventListener('click', async () => {
    field.select()
    status.textContent = (await copy(field)) ? 'Copied.' : 'Press Ctrl-C, or ⌘C, to copy it.'
  })
}

/** Browsers offer the clipboard only over HTTPS and on localhost. `execCommand` may work over plain HTTP. */
async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value)
    return true
  } catch {
    return document.execCommand('copy')
  }
}
