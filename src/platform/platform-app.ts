import { join } from 'node:path'
import { Router } from '@koa/router'
import Koa from 'koa'
import { projectRoot } from '../config/project-root.ts'
import { crossOriginGuard } from '../web/cross-origin-guard.ts'
import { errorPages } from '../web/error-pages.ts'
import { ownHosts, refuseForeignHosts } from '../web/own-hosts.ts'
import { pages } from '../web/pages.ts'
import { readForm } from '../web/read-form.ts'
import { jsonReader } from '../web/read-json.ts'
import { requestLog } from '../web/request-log.ts'
import { securityHeaders, setSecurityHeaders } from '../web/security-headers.ts'
import { loadAssets, serveAssets } from '../web/static-assets.ts'
import { wellFormedRequests } from '../web/well-formed-requests.ts'
import { type PlatformOptions, platformPages } from './platform-pages.ts'

const PLATFORM_NAME = 'Clearway'
const LARGEST_REQUEST_KILOBYTES = 16

/** The platform simulates the service of a third party. It cannot read the CRM's sessions and uses no cookies. */
export function createPlatform(options: PlatformOptions): Koa {
  const { log, clock, origins } = options
  const views = join(projectRoot(), 'views', 'platform')
  const assets = loadAssets(join(views, 'assets'))
  const app = new Koa()
  app.on('error', (error: unknown) => log.error({ err: error }, 'platform: answer failed'))
  app.use(
    requestLog(
      log,
      () => clock.now(),
      () => ({ server: 'platform' }),
    ),
  )
  app.use(setSecurityHeaders(securityHeaders({ https: false })))
  app.use(refuseForeignHosts(ownHosts(options.hosts)))
  app.use(
    pages(views, () => ({
      appName: PLATFORM_NAME,
      hasSession: false,
      userName: '',
      userId: '',
      loginName: '',
      isRefusal: false,
      sessionMark: '',
      sessionLeft: '',
      links: [],
      ownLinks: [],
      footerLinks: [],
      theme: '',
      themePage: '',
      chip: undefined,
      publicDemo: undefined,
      tour: undefined,
      assets: assets.urls,
    })),
  )
  app.use(errorPages(log, () => undefined))
  app.use(wellFormedRequests())
  app.use(serveAssets(assets))
  app.use(crossOriginGuard(origins))
  const router = routes(options)
  app.use(router.routes())
  app.use(router.allowedMethods())
  return app
}

function routes(options: PlatformOptions): Router {
  const router = new Router({ sensitive: true, strict: true })
  const platform = platformPages(options)
  router.get('/', platform.overview)
  router.post('/behaviour', readForm(), platform.behave)
  const readJson = jsonReader({ largestKilobytes: LARGEST_REQUEST_KILOBYTES })
  router.post('/requests', async (ctx) => platform.receive(ctx, await readJson(ctx)))
  router.get('/requests/:id', platform.show)
  router.post('/requests/:id/decision', readForm(), platform.decide)
  router.post('/requests/:id/call', readForm(), platform.callAgain)
  return router
}
