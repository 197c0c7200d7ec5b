// The rules for the parts of a page that htmx exchanges. See docs/decisions/0089-exchange-parts-with-htmx.md.
const FOCUSABLE = 'a[href], button, input, select, textarea'
let place

// Parts are taken only from a page for the same session. Everything else, such as a refusal, is shown as a page.
addEventListener('htmx:before:response', (event) => {
  const { request, response } = event.detail.ctx
  const { ok, headers } = response.raw
  if (event.defaultPrevented) return
  if (ok && headers.get('Session-User') === document.body.dataset.session) return
  event.preventDefault()
  showPage(request, response.raw)
})

addEventListener('htmx:before:swap', (event) => {
  const { ctx, tasks } = event.detail
  if (tasks.some(({ fragment, target }) => !fragment.firstElementChild || !target)) {
    event.preventDefault()
    return showPage(ctx.request, ctx.response.raw)
  }
  for (const task of tasks.filter((task) => !isChanged(task))) {
    Object.assign(task.target.dataset, task.fragment.firstElementChild.dataset)
    tasks.splice(tasks.indexOf(task), 1)
  }
  // The page stays, and so does the focus. The message is in a part that screen readers read out.
  for (const { fragment } of tasks) fragment.querySelector('#toast')?.removeAttribute('autofocus')
  place = placeOfFocus(tasks)
})

addEventListener('htmx:after:swap', () => {
  if (!place || document.activeElement !== document.body) return
  const elements = focusableIn(place.part)
  const same = place.id === '' ? undefined : elements.find(({ id }) => id === place.id)
  const next =
    same ?? elements[Math.min(place.index, elements.length - 1)] ?? document.getElementById('toast') ?? place.part
  next.focus({ preventScroll: true })
  if (same) scrollBy({ top: same.getBoundingClientRect().top - place.top, behavior: 'instant' })
})

addEventListener('htmx:error', ({ target }) => {
  // An open dialog would hide the message, from screen readers too.
  const dialog = target.closest?.('dialog')
  if (dialog?.open) dialog.close()
  else dialog?.hidePopover?.()
  const state = document.getElementById('live-state')
  if (state) state.textContent = 'The server did not answer. Try again.'
})

export function isChanged({ target, fragment }) {
  return target.innerHTML !== fragment.firstElementChild?.innerHTML
}

/** A form that was refused is sent again without htmx, and its answer is the page that says why. */
function showPage({ form, method, action }, { redirected, url }) {
  if (!form) return
  if (method === 'GET') location.assign(action)
  else if (redirected) location.assign(url)
  else {
    // Another exchange may have removed the form. Only a form in the page can be sent.
    if (!form.isConnected) {
      form.hidden = true
      document.body.append(form)
    }
    HTMLFormElement.prototype.submit.call(form)
  }
}

/** The keyboard's place in the parts that are replaced. The focus moves to the same element, or to the next one. */
function placeOfFocus(tasks) {
  const focused = document.activeElement
  const part = tasks.find(({ target }) => target !== focused && target.contains(focused))?.target
  if (!part) return undefined
  const { top } = focused.getBoundingClientRect()
  return { part, id: focused.id, index: focusableIn(part).indexOf(focused), top }
}

function focusableIn(part) {
  return [...part.querySelectorAll(FOCUSABLE)].filter((element) => element.getClientRects().length > 0)
}
