import type { Context, Next } from 'koa'
import {
  accountPages,
  apiTokenPages,
  confirmPages,
  declineLink,
  devicePages,
  emailPages,
  homePage,
  loginPages,
  ownPage,
  passwordPages,
  RECENT_MINUTES,
  RESET_PATH,
  refuseChangedAccount,
  resetPages,
  signUpEvents,
  signUpPages,
  validateEmailPages,
} from '../accounts/index.ts'
import { adminPages } from '../admin/index.ts'
import { apiDocsPage } from '../api/index.ts'
import { customerActions, customerListPages, customerPage, editCustomerPages, welcomePage } from '../crm/index.ts'
import { requireSession } from '../crm-session/crm-session.ts'
import { maskedSessions, sessionsOfVisitor } from '../crm-session/own-sessions.ts'
import { sessionEvents } from '../crm-session/session-events.ts'
import { chooseTheme } from '../crm-session/theme.ts'
import { keepForm, UNSENT_FORM_PAGE, unsentFormPage } from '../crm-session/unsent-form.ts'
import { mailboxPage } from '../mail/index.ts'
import {
  answersJson,
  CALLBACK_PATH,
  callbackPages,
  operationPages,
  REST_CALLBACK_PATH,
  tokenInAddress,
  waitingApprovals,
} from '../operations/index.ts'
import type { Parts } from '../parts/parts.ts'
import { deviceBinding, requireRecentLogin } from '../session/koa/index.ts'
import { describeDevice } from '../web/device-description.ts'
import { DeclaredRoutes } from './declared-routes.ts'

const CONFIRM_PATH = '/account/confirm'
export const LOGOUT_PATH = '/logout'
const VALIDATION_PATHS = ['/validateEmail', '/tools/validateEmail', '/4DACTION/validateEmail']
const NOT_ME_PATH = '/signup/not-me'
const NEW_EMAIL_PATH = '/account/email/confirm'
/** The pages that themselves ask before a one-time link is redeemed. */
export const LINK_PAGES = [...VALIDATION_PATHS, NOT_ME_PATH, NEW_EMAIL_PATH]

export function createRoutes(parts: Parts): DeclaredRoutes {
  const routes = new DeclaredRoutes((ctx) => refuseChangedAccount(parts, ctx), parts.inspector?.noteRoute)
  const login = loginPages(parts)
  const signUp = signUpPages(parts)
  const validateEmail = validateEmailPages(parts)
  const own = ownParts(parts)
  const tokens = apiTokenPages(own)
  const confirm = confirmPages(parts)
  const devices = devicePages(own)
  const password = passwordPages(parts)
  const email = emailPages(parts)
  const reset = resetPages(parts)
  const people = accountPages(parts)
  const operations = operationPages(parts)
  const callbacks = callbackPages(parts)
  const customerList = customerListPages(parts)
  const customer = customerPage(parts, { findApprovals: operations.onCustomerPage })
  const editCustomer = editCustomerPages(parts)
  const customerForms = customerActions(parts, customer.showCustomer)
  const admin = adminPages({ ...parts, ...consoleSessions(parts), describeDevice })

  if (parts.sessions?.bindingEndpoints) {
    const { bindPath, refreshPath } = parts.sessions.bindingEndpoints
    const answer = deviceBinding(parts.sessions, { requestId: (ctx: Context) => ctx.requestId })
    for (const path of [bindPath, refreshPath]) routes.postOfBrowser(path, answer)
  }

  routes.get('/', 'public', homePage(parts))
  routes.get('/api/docs', 'public', apiDocsPage())
  routes.post('/theme', 'visitor', chooseTheme)

  routes.get('/authenticate.shtml', 'visitor', login.form)
  routes.post('/4DACTION/authenticate', 'visitor', login.logIn)
  routes.get('/authenticationOK.shtml', 'viewPortfolio', welcomePage(parts, { findApprovals: waitingApprovals }))
  routes.postSignOut(LOGOUT_PATH, login.logOut)

  routes.get(RESET_PATH, 'visitor', reset.form)
  routes.post(RESET_PATH, 'visitor', reset.ask)
  routes.get(`${RESET_PATH}/done`, 'visitor', reset.done)
  routes.get('/password/new', 'visitor', reset.open)
  routes.post('/password/new', 'visitor', reset.change)
  routes.post('/password/new/decline', 'visitor', reset.decline)

  routes.get('/signup', 'visitor', signUp.form)
  routes.post('/signup', 'visitor', signUp.signUp)
  routes.get('/signup/waiting', 'visitor', signUp.waiting)
  routes.get('/signup/events', 'visitor', signUpEvents(parts))
  routes.post('/signup/again', 'visitor', signUp.again)
  routes.get(NOT_ME_PATH, 'visitor', validateEmail.notMe)
  routes.post(NOT_ME_PATH, 'visitor', validateEmail.notMe)
  for (const path of VALIDATION_PATHS) {
    routes.get(path, 'visitor', validateEmail.open)
    routes.postLink(path, validateEmail.keepLink, validateEmail.confirm)
  }
  routes.post('/link/decline', 'visitor', declineLink(parts))
  routes.get('/account', 'viewOwnPurchases', ownPage(parts))
  routes.get(UNSENT_FORM_PAGE, 'user', unsentFormPage())
  routes.get(CONFIRM_PATH, 'user', confirm.form)
  routes.postRotating(CONFIRM_PATH, 'user', confirm.confirm)
  routes.get('/account/sessions', 'user', devices.list)
  routes.postSignOut('/account/sessions/end-others', devices.endOthers)
  routes.postSignOut('/account/sessions/end-all', devices.endAll)
  routes.postSignOut('/account/sessions/:id/:handle/end', devices.end)
  routes.get('/account/password', 'user', password.form)
  routes.postRotating('/account/password', 'user', password.change)
  routes.get('/account/email', 'user', email.form)
  routes.postRotating('/account/email', 'user', email.ask)
  routes.get('/account/email/changed', 'visitor', email.changed)
  routes.get(NEW_EMAIL_PATH, 'visitor', email.open)
  routes.post(NEW_EMAIL_PATH, 'visitor', email.confirm)
  routes.get('/account/tokens', 'user', tokens.list)
  routes.postRotating('/account/tokens', 'user', tokens.make, '/account/tokens?repeated=1')
  routes.post('/account/tokens/:id/revoke', 'user', tokens.revoke)

  // The mailbox shows the mail of all users, so production has no such page.
  if (parts.config.profile === 'demo')
    routes.get('/dev/mailbox', 'public', mailboxPage({ ...parts, isUsed: parts.config.smtpUrl === undefined }))

  if (parts.inspector) routes.get(parts.inspector.path, 'public', parts.inspector.page(own))

  if (parts.tour) {
    const tour = parts.tour.pages(parts)
    routes.post('/tour', 'visitor', tour.go)
    routes.post('/tour/end', 'visitor', tour.end)
    routes.post(
      '/tour/link',
      'viewPortfolio',
      recently(() => '/account/sessions'),
      tour.makeLink,
    )
  }

  // The lab breaks sessions on purpose, so production neither has nor loads it.
  if (parts.config.profile === 'demo') {
    const lab = loadLab(parts)
    routes.get('/lab', 'public', async (ctx) => (await lab()).list(ctx))
    routes.get('/lab/clock', 'public', async (ctx) => (await lab()).clock(ctx))
    routes.get('/lab/curl', 'public', async (ctx) => (await lab()).curl(ctx))
    routes.post('/lab/curl', 'public', async (ctx) => (await lab()).copyCookies(ctx))
    routes.post('/lab/sandbox', 'public', async (ctx) => (await lab()).change(ctx))
    routes.getWithoutSession('/lab/sandbox/:name', async (ctx) => (await lab()).page(ctx))
    routes.get('/lab/:experiment', 'public', async (ctx) => (await lab()).show(ctx))
    routes.post('/lab/:experiment', 'public', async (ctx) => (await lab()).run(ctx))
    routes.get('/lab/:experiment/test', 'public', async (ctx) => (await lab()).test(ctx))
  }

  routes.get('/customers', 'viewCustomers', customerList.list)
  routes.get('/customers.csv', 'viewCustomers', customerList.csv)
  routes.get('/customers/new', 'editCustomers', editCustomer.newForm)
  routes.post('/customers', 'editCustomers', editCustomer.create)
  routes.get('/customers/:id', 'viewCustomers', customer.show)
  routes.get('/customers/:id/edit', 'editCustomers', editCustomer.editForm)
  routes.post('/customers/:id/edit', 'editCustomers', editCustomer.save)
  routes.post('/customers/:id/remove', 'editCustomers', customerForms.remove)
  routes.post('/customers/:id/restore', 'editCustomers', customerForms.restore)
  routes.post('/customers/:id/notes', 'editCustomers', customerForms.addNote)
  routes.post('/customers/:id/notes/:note/delete', 'editCustomers', customerForms.deleteNote)
  routes.post('/customers/:id/next-step', 'editCustomers', customerForms.saveNextStep)
  routes.post('/customers/:id/purchases', 'editCustomers', customerForms.recordPurchase)
  routes.post('/customers/:id/assign', 'viewAllCustomers', customerForms.assign)

  routes.get('/operations', 'viewCustomers', operations.list)
  routes.post('/operations', 'viewCustomers', operations.ask)
  routes.get('/operations/:id', 'viewCustomers', operations.show)
  // The token in the address is the only authentication of these two routes.
  routes.get(CALLBACK_PATH, 'token', tokenInAddress(), requireSession(), callbacks.complete)
  routes.get(REST_CALLBACK_PATH, 'token', tokenInAddress(), answersJson(), requireSession(), callbacks.completeOverRest)

  routes.events('/session/events', 'public', sessionEvents(parts))

  routes.get('/admin/sessions', 'WebAdmin', recently(), admin.sessions.list)
  routes.events('/admin/sessions/events', 'WebAdmin', onlyWhileRecent(), admin.events)
  routes.get('/admin/sessions/:id', 'WebAdmin', recently(), admin.sessions.show)
  for (const [path, act] of [
    ['/admin/sessions/end-user', admin.actions.endUser],
    ['/admin/sessions/end-others', admin.actions.endOthers],
    ['/admin/sessions/:id/end', admin.actions.end],
    ['/admin/sessions/:id/devices/:handle/end', admin.actions.endDevice],
  ] as const)
    routes.post(path, 'WebAdmin', recently(keepForm), act)
  routes.get('/admin/accounts', 'WebAdmin', recently(), people.list)
  routes.get('/admin/accounts/:userId', 'WebAdmin', recently(), people.show)
  for (const [what, act] of [
    ['disable', people.disable],
    ['enable', people.enable],
    ['role', people.changeRole],
  ] as const)
    routes.post(`/admin/accounts/:userId/${what}`, 'WebAdmin', recently(keepForm), act)
  routes.get('/admin/audit', 'WebAdmin', recently(), admin.audit)
  routes.get('/admin/audit.csv', 'WebAdmin', recently(admin.pageOfExport), admin.auditCsv)

  return routes
}

/** On a public demo, the visitors who share an account see and end only their own sessions and tokens. */
function ownParts(parts: Parts): Parts {
  const { config, sessions, database } = parts
  if (!config.demoPublic || sessions === null) return parts
  return { ...parts, sessions: sessionsOfVisitor(sessions, database, 'shared accounts') }
}

/** On a public demo, the console hides who the other visitors are, and ends only the visitor's own sessions. */
function consoleSessions({ config, sessions, database }: Parts) {
  if (!config.demoPublic || sessions === null) return { sessions, sessionsToEnd: sessions }
  return {
    sessions: maskedSessions(sessions, database),
    sessionsToEnd: sessionsOfVisitor(sessions, database, 'all'),
  }
}

/** Returns a function that loads the lab at its first call. */
function loadLab(parts: Parts) {
  const load = async () => {
    const { LabLimit, labPages, sandboxPages } = await import('../lab/index.ts')
    const limit = new LabLimit()
    return { ...labPages({ ...parts, limit }), ...sandboxPages({ ...parts, limit }) }
  }
  let loaded: ReturnType<typeof load> | undefined
  return () => {
    loaded ??= load()
    return loaded
  }
}

/**
 * Step-up authentication: redirects to the password form unless the password was entered recently. `comeBackTo` is
 * called before the redirect, and returns the page that follows the form. Default: the URL of the request.
 */
function recently(comeBackTo?: (ctx: Context) => string | Promise<string>) {
  const gate = { withinMinutes: RECENT_MINUTES, confirmPath: CONFIRM_PATH }
  return async function recently(ctx: Context, next: Next) {
    if (comeBackTo === undefined || ctx.session?.hasRecentLogin(RECENT_MINUTES))
      return requireRecentLogin(gate)(ctx, next)
    await requireRecentLogin({ ...gate, comeBackTo: await comeBackTo(ctx) })(ctx, next)
  }
}

/** Step-up authentication for an event stream. Responds with 204, because a stream cannot show the password form. */
function onlyWhileRecent() {
  return async function onlyWhileRecent(ctx: Context, next: Next) {
    if (ctx.session?.hasRecentLogin(RECENT_MINUTES)) await next()
    else ctx.status = 204
  }
}
