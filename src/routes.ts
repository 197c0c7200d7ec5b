import { Router } from '@koa/router'
import {
  apiTokenPages,
  homePage,
  loginPages,
  ownPage,
  signUpEvents,
  signUpPages,
  validateEmailPages,
} from './accounts/index.js'
import { adminPages } from './admin/admin-pages.js'
import { customerPages, welcomePage } from './crm/index.js'
import { requireSession, requireUser } from './crm-session.js'
import { mailboxPage } from './mail/index.js'
import {
  answersJson,
  CALLBACK_PATH,
  callbackPages,
  operationPages,
  REST_CALLBACK_PATH,
  tokenInAddress,
} from './operations/index.js'
import type { Parts } from './parts.js'
import type { Privilege } from './privileges.js'
import { requirePrivilege } from './session/koa.js'
import { readForm } from './web/read-form.js'

const LOGIN = { loginPath: '/authenticate.shtml' }

/** The whole URL map. A page is either plainly public here, or for whoever is signed in, or names the privilege that opens it. */
export function createRoutes(parts: Parts): Router {
  const router = new Router({ sensitive: true, strict: true })
  const login = loginPages(parts)
  const signUp = signUpPages(parts)
  const validateEmail = validateEmailPages(parts)
  const tokens = apiTokenPages(parts)
  const operations = operationPages(parts)
  const callbacks = callbackPages(parts)
  const customers = customerPages(parts, { findApprovals: operations.onCustomerPage })
  const admin = adminPages()
  const user = requireUser(LOGIN)

  router.get('/', homePage(parts))

  router.get('/authenticate.shtml', requireSession(), login.form)
  router.post('/4DACTION/authenticate', requireSession(), readForm(), login.logIn)
  router.get('/authenticationOK.shtml', needs('viewPortfolio'), welcomePage(parts))
  router.post('/logout', requireSession(), readForm(), login.logOut)

  router.get('/signup', requireSession(), signUp.form)
  router.post('/signup', requireSession(), readForm(), signUp.signUp)
  router.get('/signup/waiting', requireSession(), signUp.waiting)
  router.get('/signup/events', requireSession(), signUpEvents(parts))
  router.post('/signup/again', requireSession(), readForm(), signUp.again)
  router.get('/signup/not-me', requireSession(), validateEmail.notMe)
  router.post('/signup/not-me', requireSession(), readForm(), validateEmail.notMe)
  for (const path of ['/validateEmail', '/tools/validateEmail', '/4DACTION/validateEmail']) {
    router.get(path, requireSession(), validateEmail.open)
    router.post(path, requireSession(), validateEmail.keepLink, readForm(), validateEmail.confirm)
  }
  router.get('/account', needs('viewOwnPurchases'), ownPage(parts))
  router.get('/account/tokens', user, tokens.list)
  router.post('/account/tokens', user, readForm(), tokens.make)
  router.post('/account/tokens/:id/revoke', user, readForm(), tokens.revoke)

  // Other people's mail: not even the address exists where it matters.
  if (parts.config.profile === 'demo')
    router.get('/dev/mailbox', mailboxPage({ ...parts, isUsed: parts.config.smtpUrl === undefined }))

  router.get('/customers', needs('viewCustomers'), customers.list)
  router.get('/customers/:id', needs('viewCustomers'), customers.show)

  router.get('/operations', needs('viewCustomers'), operations.list)
  router.post('/operations', needs('viewCustomers'), readForm(), operations.ask)
  router.get('/operations/:id', needs('viewCustomers'), operations.show)
  // Who calls these proves himself by the token in the address, and by nothing else.
  router.get(CALLBACK_PATH, tokenInAddress(), requireSession(), callbacks.complete)
  router.get(REST_CALLBACK_PATH, tokenInAddress(), answersJson(), requireSession(), callbacks.completeOverRest)

  router.get('/admin/sessions', needs('WebAdmin'), admin.sessions)
  router.get('/admin/audit', needs('WebAdmin'), admin.audit)

  return router
}

function needs(privilege: Privilege) {
  return requirePrivilege(privilege, LOGIN)
}
