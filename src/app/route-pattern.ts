import type { Router } from '@koa/router'
import type { Context } from 'koa'

declare module 'koa' {
  interface DefaultContext {
    /** The route pattern of a request that is handled outside of the router. */
    routePattern?: string | undefined
  }
}

const MONITORING = ['/healthz', '/readyz', '/metrics']

/** Returns a function that finds the route pattern of a request, for metrics. Unknown paths have the pattern `none`. */
export function routePatternIn(router: Router) {
  return function patternOf({ path, method, routePattern, _matchedRoute }: Context): string {
    if (routePattern !== undefined) return routePattern
    if (typeof _matchedRoute === 'string') return _matchedRoute
    if (MONITORING.includes(path)) return path
    if (/^\/(assets\/|favicon\.ico$)/.test(path)) return '/assets/*'
    if (/^\/api(\/|$)/.test(path)) return '/api/*'
    // The request failed before it reached the router, so the route is looked up by path and method.
    const [layer] = router.match(path, method).pathAndMethod
    return typeof layer?.path === 'string' ? layer.path : 'none'
  }
}
