// A page that the browser brings back from memory may show what its session no longer allows: ask the server again.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})
