// This script only shows hints. The server decides which passwords are accepted.
const field = document.getElementById('password')
const hint = document.getElementById('password-hint')
const button = document.querySelector('.show-password')

if (field && hint && button) {
  const advice = hint.textContent
  const shortest = Number(field.dataset.shortest)
  const mostBytes = 72

  field.addEventListener('input', () => {
    const password = field.value.normalize('NFC')
    const missing = shortest - [...password].length
    const bytes = new TextEncoder().encode(password).length
    if (password === '') hint.textContent = advice
    else if (bytes > mostBytes) hint.textContent = `Too long: ${bytes} bytes, at most ${mostBytes} can be kept.`
    else if (missing > 0) hint.textContent = `${missing} more ${missing === 1 ? 'character' : 'characters'} needed.`
    else hint.textContent = 'Long enough. A password that is easy to guess is still refused.'
  })

  button.hidden = false
  button.addEventListener('click', () => {
    const shown = field.type === 'password'
    field.type = shown ? 'text' : 'password'
    button.setAttribute('aria-pressed', String(shown))
    button.textContent = shown ? 'Hide the password' : 'Show the password'
  })
}
