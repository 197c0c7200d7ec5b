import type { Router } from '@koa/router'
import type { Context } from 'koa'

declare module 'koa' {
  interface DefaultContext {
    /** The pattern of the address that answers, where the router does not know it. */
    routePattern?: string | undefined
  }
}

const WATCHED = ['/healthz', '/readyz', '/metrics']

/** The pattern of the address that was asked for, for metrics: never the address, and one name for all that nobody knows. */
export function routePatternIn(router: Router) {
  return function patternOf({ path, method, routePattern, _matchedRoute }: Context): string {
    if (routePattern !== undefined) return routePattern
    if (typeof _matchedRoute === 'string') return _matchedRoute
    if (WATCHED.includes(path)) return path
    if (/^\/(assets\/|favicon\.ico$)/.test(path)) return '/assets/*'
    if (/^\/api(\/|$)/.test(path)) return '/api/*'
    // What failed before the router was asked.
    const [layer] = router.match(path, method).pathAndMethod
    return typeof layer?.path === 'string' ? layer.path : 'none'
  }
}
