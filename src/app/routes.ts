import { Router } from '@koa/router'
import type { Context, Next } from 'koa'
import {
  apiTokenPages,
  confirmPages,
  devicePages,
  emailPages,
  homePage,
  loginPages,
  ownPage,
  passwordPages,
  RECENT_MINUTES,
  signUpEvents,
  signUpPages,
  validateEmailPages,
} from '../accounts/index.ts'
import { adminPages } from '../admin/index.ts'
import { customerPages, welcomePage } from '../crm/index.ts'
import { reloadSession, requireSession } from '../crm-session/crm-session.ts'
import type { Privilege } from '../crm-session/privileges.ts'
import { onlyWhileSignedIn, sessionEvents } from '../crm-session/session-events.ts'
import { mailboxPage } from '../mail/index.ts'
import {
  answersJson,
  CALLBACK_PATH,
  callbackPages,
  operationPages,
  REST_CALLBACK_PATH,
  tokenInAddress,
} from '../operations/index.ts'
import type { Parts } from '../parts/parts.ts'
import { requirePrivilege, requireRecentLogin, requireUser } from '../session/koa/index.ts'
import { describeDevice } from '../web/device-description.ts'
import { readForm } from '../web/read-form.ts'

const LOGIN = { loginPath: '/authenticate.shtml' }
const CONFIRM_PATH = '/account/confirm'

export function createRoutes(parts: Parts): Router {
  const router = new Router({ sensitive: true, strict: true })
  const login = loginPages(parts)
  const signUp = signUpPages(parts)
  const validateEmail = validateEmailPages(parts)
  const tokens = apiTokenPages(parts)
  const confirm = confirmPages(parts)
  const devices = devicePages(parts)
  const password = passwordPages(parts)
  const email = emailPages(parts)
  const operations = operationPages(parts)
  const callbacks = callbackPages(parts)
  const customers = customerPages(parts, { findApprovals: operations.onCustomerPage })
  const admin = adminPages({ ...parts, describeDevice })
  const user = requireUser(LOGIN)
  const form = [readForm(), reloadSession()] as const

  router.get('/', homePage(parts))

  router.get('/authenticate.shtml', requireSession(), login.form)
  router.post('/4DACTION/authenticate', ...form, requireSession(), login.logIn)
  router.get('/authenticationOK.shtml', needs('viewPortfolio'), welcomePage(parts))
  router.post('/logout', ...form, requireSession(), login.logOut)

  router.get('/signup', requireSession(), signUp.form)
  router.post('/signup', ...form, requireSession(), signUp.signUp)
  router.get('/signup/waiting', requireSession(), signUp.waiting)
  router.get('/signup/events', requireSession(), signUpEvents(parts))
  router.post('/signup/again', ...form, requireSession(), signUp.again)
  router.get('/signup/not-me', requireSession(), validateEmail.notMe)
  router.post('/signup/not-me', ...form, requireSession(), validateEmail.notMe)
  for (const path of ['/validateEmail', '/tools/validateEmail', '/4DACTION/validateEmail']) {
    router.get(path, requireSession(), validateEmail.open)
    router.post(path, requireSession(), validateEmail.keepLink, ...form, validateEmail.confirm)
  }
  router.get('/account', needs('viewOwnPurchases'), ownPage(parts))
  router.get(CONFIRM_PATH, user, confirm.form)
  router.post(CONFIRM_PATH, ...form, user, confirm.confirm)
  router.get('/account/sessions', user, devices.list)
  router.post('/account/sessions/end-others', ...form, requireSession(), devices.endOthers)
  router.post('/account/sessions/end-all', ...form, requireSession(), devices.endAll)
  router.post('/account/sessions/:id/:handle/end', ...form, requireSession(), devices.end)
  router.get('/account/password', user, password.form)
  router.post('/account/password', ...form, user, password.change)
  router.get('/account/email', user, email.form)
  router.post('/account/email', ...form, user, email.ask)
  router.get('/account/email/changed', requireSession(), email.changed)
  router.get('/account/email/confirm', requireSession(), email.open)
  router.post('/account/email/confirm', ...form, requireSession(), email.confirm)
  router.get('/account/tokens', user, tokens.list)
  router.post('/account/tokens', ...form, user, tokens.make)
  router.post('/account/tokens/:id/revoke', ...form, user, tokens.revoke)

  // The mailbox shows the mail of all users, so production has no such page.
  if (parts.config.profile === 'demo')
    router.get('/dev/mailbox', mailboxPage({ ...parts, isUsed: parts.config.smtpUrl === undefined }))

  router.get('/customers', needs('viewCustomers'), customers.list)
  router.get('/customers/:id', needs('viewCustomers'), customers.show)

  router.get('/operations', needs('viewCustomers'), operations.list)
  router.post('/operations', ...form, needs('viewCustomers'), operations.ask)
  router.get('/operations/:id', needs('viewCustomers'), operations.show)
  // The token in the address is the only authentication of these two routes.
  router.get(CALLBACK_PATH, tokenInAddress(), requireSession(), callbacks.complete)
  router.get(REST_CALLBACK_PATH, tokenInAddress(), answersJson(), requireSession(), callbacks.completeOverRest)

  router.get('/session/events', onlyWhileSignedIn(), sessionEvents(parts))

  router.get('/admin/sessions', needs('WebAdmin'), admin.sessions.list)
  router.get('/admin/sessions/events', onlyWhileSignedIn(), needs('WebAdmin'), admin.events)
  router.get('/admin/sessions/:id', needs('WebAdmin'), admin.sessions.show)
  for (const [path, act] of [
    ['/admin/sessions/end-user', admin.actions.endUser],
    ['/admin/sessions/end-others', admin.actions.endOthers],
    ['/admin/sessions/:id/end', admin.actions.end],
    ['/admin/sessions/:id/devices/:handle/end', admin.actions.endDevice],
  ] as const)
    router.post(path, ...form, needs('WebAdmin'), recently(admin.comeBackTo), act)
  router.get('/admin/audit', needs('WebAdmin'), admin.audit)
  router.get('/admin/audit.csv', needs('WebAdmin'), recently(admin.pageOfExport), admin.auditCsv)

  return router
}

function needs(privilege: Privilege) {
  return requirePrivilege(privilege, LOGIN)
}

/** Step-up authentication: redirects to the password form unless the password was entered recently. */
function recently(comeBackTo: (ctx: Context) => string) {
  return async function recently(ctx: Context, next: Next) {
    const gate = { withinMinutes: RECENT_MINUTES, confirmPath: CONFIRM_PATH, comeBackTo: comeBackTo(ctx) }
    await requireRecentLogin(gate)(ctx, next)
  }
}
