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
    const length = [...password].length
    const bytes = new TextEncoder().encode(password).length
    const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(password)).length
    const variety = new Set(password).size
    const missing = shortest - length
    if (length === 0) hint.textContent = advice
    else if (bytes > mostBytes) hint.textContent = `Too long: ${bytes} bytes, at most ${mostBytes} can be kept.`
    else if (missing > 0) hint.textContent = `${missing} more ${missing === 1 ? 'character' : 'characters'} needed.`
    else if (variety < 5) hint.textContent = 'Weak: too few different characters.'
    else if (length >= 16 || (length >= 12 && kinds >= 2)) hint.textContent = 'Strong.'
    else hint.textContent = 'Fair. A longer one is better.'
  })

  button.hidden = false
  button.addEventListener('click', () => {
    const shown = field.type === 'password'
    field.type = shown ? 'text' : 'password'
    button.setAttribute('aria-pressed', String(shown))
    button.textContent = shown ? 'Hide the password' : 'Show the password'
  })
}
