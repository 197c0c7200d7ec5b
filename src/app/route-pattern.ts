import type { Router } from '@koa/router'
import type { Context } from 'koa'

declare module 'koa' {
  interface DefaultContext {
    /** The pattern of the address, where the router does not know it. */
    routePattern?: string | undefined
  }
}

const MONITORING = ['/healthz', '/readyz', '/metrics']

/** The pattern of the requested address, for metrics. All unknown addresses share one name. */
export function routePatternIn(router: Router) {
  return function patternOf({ path, method, routePattern, _matchedRoute }: Context): string {
    if (routePattern !== undefined) return routePattern
    if (typeof _matchedRoute === 'string') return _matchedRoute
    if (MONITORING.includes(path)) return path
    if (/^\/(assets\/|favicon\.ico$)/.test(path)) return '/assets/*'
    if (/^\/api(\/|$)/.test(path)) return '/api/*'
    // The request failed before the router.
    const [layer] = router.match(path, method).pathAndMethod
    return typeof layer?.path === 'string' ? layer.path : 'none'
  }
}
