// Reloads the page when the state of the operation has changed.
import { pollPage } from './page-poll.js'

const stateIn = (page) => page.getElementById('operation')?.dataset.state
const shown = stateIn(document)

if (shown !== undefined)
  pollPage(`${location.pathname}?refresh`, (page) => {
    if (stateIn(page) !== shown) location.replace(location.pathname)
  })
