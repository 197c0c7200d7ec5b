import { join } from 'node:path'
import Koa, { type Context } from 'koa'
import { limitLinks, linkConfirmation, readAccount } from '../accounts/index.ts'
import { createApi } from '../api/index.ts'
import { noteRefusals } from '../audit/index.ts'
import { projectRoot } from '../config/project-root.ts'
import { markSession } from '../crm-session/acting-user.ts'
import { shownSession } from '../crm-session/crm-session.ts'
import { noteJoinedDevice, takeJoinedDevice } from '../crm-session/joined-devices.ts'
import { takeRefusedCopy } from '../crm-session/refused-copies.ts'
import { tellLoginOfEnd } from '../crm-session/session-ended.ts'
import { describeSessionProblem } from '../crm-session/session-problems.ts'
import { measureRequests, metricsPage } from '../metrics/index.ts'
import type { Parts } from '../parts/parts.ts'
import { noteSessionOfVisit, recognizeVisitors } from '../public-demo/visitor-cookie.ts'
import { TokenSession } from '../session/index.ts'
import { sessions } from '../session/koa/index.ts'
import { clientAddress } from '../web/client-address.ts'
import { crossOriginGuard } from '../web/cross-origin-guard.ts'
import { errorPages } from '../web/error-pages.ts'
import { health } from '../web/health.ts'
import { maskedHeaders } from '../web/masked-headers.ts'
import { ownHosts, refuseForeignHosts } from '../web/own-hosts.ts'
import { type Message, pages } from '../web/pages.ts'
import { readinessPage } from '../web/readiness.ts'
import { requestLog } from '../web/request-log.ts'
import { securityHeaders, setSecurityHeaders } from '../web/security-headers.ts'
import { joinAssets, loadAssets, loadPackageAssets, serveAssets } from '../web/static-assets.ts'
import { wellFormedRequests } from '../web/well-formed-requests.ts'
import { LOGIN_PATH } from './declared-routes.ts'
import { pageFrame } from './page-frame.ts'
import { limitPublicDemo, protectSharedAccounts } from './public-demo.ts'
import { routePatternIn } from './route-pattern.ts'
import { createRoutes, LINK_PAGES, LOGOUT_PATH } from './routes.ts'

// The codes of the errors that occur when a client disconnects during the response. These errors are not logged.
const CLIENT_LEFT = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'EPIPE', 'ECONNRESET'])

const PACKAGE_ASSETS = ['htmx.org/dist/htmx.min.js']

/** Creates the application. A request passes the middleware in the order of the `app.use()` calls. */
export function createApp(parts: Parts): Koa {
  const { config, log, clock, origins } = parts
  const views = join(projectRoot(), 'views')
  const assets = joinAssets(loadAssets(join(views, 'assets')), loadPackageAssets(PACKAGE_ASSETS))
  const routes = createRoutes(parts)
  const { router } = routes
  // In production, the proxy checks the host.
  const isOwnHost = config.profile === 'demo' ? ownHosts(config) : () => true
  const headers = securityHeaders({ https: origins.secure })
  const hasPage = (path: string) => router.match(path, 'GET').route

  const app = new Koa()
  // Only the last entries of X-Forwarded-For are used, because trusted proxies add these entries. A client can forge
  // the earlier entries.
  app.proxy = config.trustProxyHops > 0
  app.maxIpsCount = config.trustProxyHops
  app.on('error', (error: unknown) => {
    if (CLIENT_LEFT.has(String((error as { code?: unknown }).code))) return
    log.error({ err: error }, 'response failed')
  })

  app.use(health(isOwnHost, headers))
  app.use(setSecurityHeaders(headers))
  app.use(clientAddress(log, config.trustProxyHops))
  app.use(maskedHeaders())
  app.use(measureRequests(parts.metrics.observeRequest, routePatternIn(router)))
  app.use(requestLog(log, () => clock.now(), sessionOf))
  if (parts.inspector) app.use(parts.inspector.record(parts.sessions?.cookieName))
  if (config.demoPublic) app.use(recognizeVisitors(config.appName, origins.secure))
  app.use(pages(views, pageFrame(parts, assets.urls), messageFor))
  app.use(errorPages(log, describeSessionProblem))
  app.use(noteRefusals(parts.audit))
  app.use(wellFormedRequests())
  app.use(refuseForeignHosts(isOwnHost))
  app.use(readinessPage(parts.readiness))
  app.use(metricsPage(parts.shownMetrics, config))
  app.use(serveAssets(assets))
  if (config.demoPublic) app.use(limitPublicDemo(parts))
  app.use(createApi(parts))
  app.use(crossOriginGuard(origins))
  app.use(routes.aboveSessions())
  app.use(limitLinks(parts.linkLimit))
  app.use(
    sessions(parts.sessions, {
      // Looking at the session does not change it.
      touch: (ctx: Context) => isActivity(ctx) && ctx.path !== parts.inspector?.path,
      opensLinks: ({ path }: Context) => hasPage(path),
      requestId: (ctx: Context) => ctx.requestId,
    }),
  )
  if (parts.inspector) app.use(parts.inspector.watch())
  if (config.demoPublic) app.use(noteSessionOfVisit())
  app.use(tellLoginOfEnd(LOGIN_PATH, parts.sessions?.cookieName))
  app.use(readAccount(parts, { logoutPath: LOGOUT_PATH }))
  if (config.demoPublic) app.use(protectSharedAccounts())
  app.use(markSession(clock))
  app.use(noteJoinedDevice(clock))
  app.use(linkConfirmation((path) => hasPage(path) && !LINK_PAGES.includes(path)))
  app.use(routes.refuseUndeclared())
  app.use(router.routes())
  app.use(router.allowedMethods())
  return app
}

const POLLED_PAGES = /^\/(signup\/waiting|dev\/mailbox|operations\/[^/]+|admin\/sessions(\/[^/]+)?)$/

/** Returns whether a request extends the idle timeout. Event streams and polling requests do not extend it. */
function isActivity({ path, method, query }: Context): boolean {
  if (path.endsWith('/events')) return false
  return !(method === 'GET' && query.refresh !== undefined && POLLED_PAGES.test(path))
}

/** Returns the message with which a session was ended, or a notice of a joined device or of a refused copy of the cookie. */
async function messageFor(ctx: Context): Promise<Message | undefined> {
  const session = shownSession(ctx)
  if (session?.hasMessage) return messageOf('Your session was ended.', await session.takeMessage())
  // A script may fetch a page without showing the notice, so only a page navigation takes the notice.
  if (!session || ctx.method === 'HEAD' || !['', 'navigate'].includes(ctx.get('Sec-Fetch-Mode'))) return undefined
  const joined = messageOf('A device joined your session.', await takeJoinedDevice(session))
  return joined ?? messageOf('A copy of your cookie was refused.', await takeRefusedCopy(session))
}

function messageOf(title: string, text: string): Message | undefined {
  return text === '' ? undefined : { title, text }
}

/** Returns the session for the request log. An API request without a valid token is logged without a session. */
function sessionOf({ session }: Context): { session?: string } {
  if (!session || (session instanceof TokenSession && session.via === undefined)) return {}
  return { session: session.id }
}
