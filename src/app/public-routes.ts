/** The rate limits of a public demo: `ofNetwork` for each network, `inAll` for all networks together. */
export const PUBLIC_LIMITS = {
  requests: { ofNetwork: 1_200, inAll: 60_000, seconds: 60, what: 'requests' },
  writes: { ofNetwork: 60, inAll: 3_000, seconds: 60, what: 'forms and writing calls' },
  logins: { ofNetwork: 40, inAll: 2_000, seconds: 60 * 60, what: 'logins' },
  mails: { ofNetwork: 20, inAll: 1_000, seconds: 60 * 60, what: 'mails' },
  tokens: { ofNetwork: 10, inAll: 500, seconds: 60 * 60, what: 'API tokens' },
  approvals: { ofNetwork: 20, inAll: 500, seconds: 60 * 60, what: 'requests for approval' },
  customers: { ofNetwork: 40, inAll: 2_000, seconds: 60 * 60, what: 'new customers' },
  tours: { ofNetwork: 120, inAll: 1_500, seconds: 60 * 60, what: 'steps of the tour' },
  experiments: { ofNetwork: 20, inAll: 120, seconds: 60, what: 'experiments' },
} as const

/** The rows that visitors can add until the next reset. */
export const MOST_ROWS = {
  users: 2_000,
  customers: 2_000,
  customer_notes: 10_000,
  purchases: 10_000,
  operations: 2_000,
} as const

/**
 * What a public demo does with a route that writes.
 * `refused`: no visitor may use it. `own account`: refused for the accounts of the demo, which all visitors share.
 * `own`: it reaches only what the visitor's browser began. `open`: it is safe for everybody as it is.
 */
interface PublicRoute {
  rule: 'refused' | 'own account' | 'own' | 'open'
  limit?: Exclude<keyof typeof PUBLIC_LIMITS, 'requests' | 'writes'>
  fills?: keyof typeof MOST_ROWS
}

const ACCOUNT: PublicRoute = { rule: 'own account' }
const OWN: PublicRoute = { rule: 'own' }
const OPEN: PublicRoute = { rule: 'open' }
const REFUSED: PublicRoute = { rule: 'refused' }
const LOGIN: PublicRoute = { rule: 'open', limit: 'logins' }

/** Every route that writes needs a decision here. The reasons are in docs/public-demo.md. */
export const PUBLIC_ROUTES: Readonly<Record<string, PublicRoute>> = {
  'POST /4DACTION/authenticate': LOGIN,
  'POST /logout': OWN,
  'POST /theme': OWN,
  'POST /password/reset': { rule: 'own account', limit: 'mails' },
  'POST /password/new': ACCOUNT,
  'POST /password/new/decline': OPEN,
  'POST /signup': { rule: 'own', limit: 'mails', fills: 'users' },
  'POST /signup/again': { rule: 'own', limit: 'mails' },
  'POST /signup/not-me': OPEN,
  'POST /validateEmail': OPEN,
  'POST /tools/validateEmail': OPEN,
  'POST /4DACTION/validateEmail': OPEN,
  'POST /link/decline': OPEN,
  'POST /account/confirm': OWN,
  'POST /account/sessions/end-others': OWN,
  'POST /account/sessions/end-all': OWN,
  'POST /account/sessions/:id/:handle/end': OWN,
  'POST /account/password': ACCOUNT,
  'POST /account/email': { rule: 'own account', limit: 'mails' },
  'POST /account/email/confirm': OPEN,
  'POST /account/tokens': { rule: 'own', limit: 'tokens' },
  'POST /account/tokens/:id/revoke': OWN,
  'POST /customers': { rule: 'own', limit: 'customers', fills: 'customers' },
  'POST /customers/:id/edit': OWN,
  'POST /customers/:id/remove': OWN,
  'POST /customers/:id/restore': OWN,
  'POST /customers/:id/notes': { rule: 'own', fills: 'customer_notes' },
  'POST /customers/:id/notes/:note/delete': OWN,
  'POST /customers/:id/next-step': { rule: 'own', fills: 'customer_notes' },
  'POST /customers/:id/purchases': { rule: 'own', fills: 'purchases' },
  'POST /customers/:id/assign': OWN,
  'POST /operations': { rule: 'own', limit: 'approvals', fills: 'operations' },
  'POST /admin/sessions/end-user': OWN,
  'POST /admin/sessions/end-others': OWN,
  'POST /admin/sessions/:id/end': OWN,
  'POST /admin/sessions/:id/devices/:handle/end': OWN,
  'POST /admin/accounts/:userId/disable': REFUSED,
  'POST /admin/accounts/:userId/enable': REFUSED,
  'POST /admin/accounts/:userId/role': REFUSED,
  'POST /tour': { rule: 'own', limit: 'tours' },
  'POST /tour/end': OWN,
  'POST /tour/link': OWN,
  'POST /lab/curl': OWN,
  'POST /lab/sandbox': OWN,
  'POST /lab/:experiment': { rule: 'open', limit: 'experiments' },
  'POST /session/bind': OWN,
  'POST /session/refresh': OWN,
  'POST /api/signin': LOGIN,
  'POST /api/signout': OWN,
  'POST /api/customers': { rule: 'own', limit: 'customers', fills: 'customers' },
  'PATCH /api/customers/{id}': OWN,
  'DELETE /api/customers/{id}': OWN,
  'PUT /api/session/variables/{name}': OWN,
  'DELETE /api/session/variables/{name}': OWN,
}

const SEGMENTS = Object.entries(PUBLIC_ROUTES).map(([route, decision]) => ({ segments: segmentsOf(route), decision }))

export function publicRoute(method: string, path: string): PublicRoute | undefined {
  const asked = segmentsOf(`${method} ${path}`)
  return SEGMENTS.find(
    ({ segments }) =>
      segments.length === asked.length &&
      segments.every((segment, at) => segment === asked[at] || segment.startsWith(':') || segment.startsWith('{')),
  )?.decision
}

/** Some paths of the API ignore case. */
function segmentsOf(route: string): string[] {
  return route.toLowerCase().split('/')
}
