// Reloads a page from the back/forward cache, because the user may no longer be allowed to see its content. The page is
// hidden when the user leaves it, so that it shows nothing while the server does not answer.
addEventListener('pagehide', () => document.documentElement.classList.add('left'))
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return
  document.title = document.title.split(' · ').at(-1)
  location.reload()
})
