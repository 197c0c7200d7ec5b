import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { currentVisitor } from '../../public-demo/visit.ts'
import type { Viewer } from './customers-visible-to.ts'
import { versionOf } from './portfolios.ts'

const MOST_CACHED = 500

/**
 * Returns a function that caches what `load` returns for a viewer, until a portfolio that the viewer sees has changed.
 * Another `day` makes an entry outdated too.
 */
export function portfolioCache<T>(
  database: Kysely<Database>,
  load: (viewer: Viewer, day: string) => Promise<T>,
): (viewer: Viewer, day?: string) => Promise<T> {
  const cache = new Map<string, { version: string; value: T }>()
  return async function cached(viewer, day = '') {
    const scope = `${viewer.seesAll ? 'all' : viewer.userId} ${currentVisitor()}`
    // The version is read before the data, so a change between the two makes the entry outdated.
    const version = `${await versionOf(database, viewer)} ${day}`
    const known = cache.get(scope)
    if (known?.version === version) return known.value
    const value = await load(viewer, day)
    cache.delete(scope)
    cache.set(scope, { version, value })
    if (cache.size > MOST_CACHED) cache.delete(String(cache.keys().next().value))
    return value
  }
}
