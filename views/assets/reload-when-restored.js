// Reloads a page from the back/forward cache, because the user may no longer be allowed to see its content.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})
