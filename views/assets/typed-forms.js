/** Returns the forms that contain text or choices which a reload would lose. Passwords do not count. */
export function typedForms() {
  return [...document.forms].filter((form) => [...form.elements].some(isTyped))
}

/** Hides the page except the forms, because the page may be private. Shows the notice above the forms. */
export function hideAllBut(forms, text) {
  const notice = document.createElement('p')
  notice.className = 'notice wrong'
  notice.role = 'alert'
  notice.textContent = text
  document.querySelector('main').prepend(notice)
  const kept = [notice, ...forms]
  for (const element of document.body.querySelectorAll('*'))
    if (!kept.some((part) => part.contains(element) || element.contains(part))) element.hidden = true
}

function isTyped(field) {
  if (['password', 'hidden', 'submit', 'button'].includes(field.type)) return false
  if (field.type === 'checkbox' || field.type === 'radio') return field.checked !== field.defaultChecked
  if (field.options) {
    const preset = [...field.options].findIndex((option) => option.defaultSelected)
    return field.selectedIndex !== Math.max(preset, 0)
  }
  return 'defaultValue' in field && field.value !== field.defaultValue
}
