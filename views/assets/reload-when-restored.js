// A page from the back/forward cache may show what the session may no longer see.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})
