const FOCUSABLE = 'a[href], button, input, select'

/** Replaces the parts with these ids by those of another page of this application. */
export function replaceParts(page, ids) {
  for (const id of ids) {
    const [before, now] = [document.getElementById(id), page.getElementById(id)]
    if (before && now && before.innerHTML !== now.innerHTML) replacePart(before, document.adoptNode(now))
  }
}

/** Keeps the keyboard's place: the focus moves to the same element of the new part, or to the next element. */
function replacePart(before, now) {
  const place = [...before.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement)
  before.replaceWith(now)
  if (place < 0) return
  const places = [...now.querySelectorAll(FOCUSABLE)]
  places[Math.min(place, places.length - 1)]?.focus({ preventScroll: true })
}
