const place = document.getElementById('api-docs')
const prefersDark = matchMedia('(prefers-color-scheme: dark)')

function chooseColours() {
  document.documentElement.classList.toggle('dark-mode', prefersDark.matches)
}

chooseColours()
prefersDark.addEventListener('change', chooseColours)

globalThis.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: false,
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 3,
  displayRequestDuration: true,
  // The viewer forgets an entered token when the page closes.
  persistAuthorization: false,
  queryConfigEnabled: false,
  // Without this setting, the viewer would send the document to an external server.
  validatorUrl: null,
})
