const place = document.getElementById('api-docs')
const prefersDark = matchMedia('(prefers-color-scheme: dark)')
const { theme } = document.documentElement.dataset

function chooseColours() {
  document.documentElement.classList.toggle('dark-mode', theme === undefined ? prefersDark.matches : theme === 'dark')
}

chooseColours()
prefersDark.addEventListener('change', chooseColours)

/** The viewer's own layout has a second main landmark, and headings of level 3 below the heading of the page. */
function pageLayout({ React: { createElement } }) {
  const PageLayout = ({ getComponent, specSelectors }) => {
    const part = (name, ...others) => createElement(getComponent(name, ...others))
    const parts =
      specSelectors.loadingStatus() === 'success'
        ? [
            part('InfoContainer', true),
            createElement('div', { className: 'scheme-container' }, part('AuthorizeBtnContainer', true)),
            createElement('h2', null, 'Requests'),
            part('operations', true),
            part('Models', true),
          ]
        : [part('errors', true)]
    return createElement('div', { className: 'swagger-ui' }, part('SvgAssets'), ...parts)
  }
  return { components: { PageLayout } }
}

globalThis.SwaggerUIBundle({
  plugins: [pageLayout],
  layout: 'PageLayout',
  domNode: place,
  url: place.dataset.document,
  // A link inside of a button cannot be reached with a keyboard.
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
