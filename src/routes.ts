import { Router } from '@koa/router'
import { homePage, loginPages } from './accounts/index.js'
import { adminPages } from './admin/admin-pages.js'
import { customerPages, welcomePage } from './crm/index.js'
import { requireSession } from './crm-session.js'
import type { Parts } from './parts.js'
import type { Privilege } from './privileges.js'
import { requirePrivilege } from './session/koa.js'
import { readForm } from './web/read-form.js'

/** The whole URL map. A page is either plainly public here, or names the privilege that opens it. */
export function createRoutes(parts: Parts): Router {
  const router = new Router({ sensitive: true, strict: true })
  const login = loginPages(parts)
  const customers = customerPages(parts)
  const admin = adminPages()

  router.get('/', homePage(parts))

  router.get('/authenticate.shtml', requireSession(), login.form)
  router.post('/4DACTION/authenticate', requireSession(), readForm(), login.logIn)
  router.get('/authenticationOK.shtml', needs('viewPortfolio'), welcomePage(parts))
  router.post('/logout', requireSession(), readForm(), login.logOut)

  router.get('/customers', needs('viewCustomers'), customers.list)
  router.get('/customers/:id', needs('viewCustomers'), customers.show)

  router.get('/admin/sessions', needs('WebAdmin'), admin.sessions)
  router.get('/admin/audit', needs('WebAdmin'), admin.audit)

  return router
}

function needs(privilege: Privilege) {
  return requirePrivilege(privilege, { loginPath: '/authenticate.shtml' })
}
