import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { currentVisitor } from '../public-demo/visit.ts'
import { customersVisibleTo, type Viewer } from './customers-visible-to.ts'
import { versionOf } from './portfolios.ts'

interface ListFilters {
  countries: string[]
  industries: string[]
}

const MOST_CACHED = 500

/** Returns a function that returns the countries and industries of the customers that a viewer may see. */
export function cachedFilters(database: Kysely<Database>): (viewer: Viewer) => Promise<ListFilters> {
  const cache = new Map<string, { version: number; filters: ListFilters }>()
  return async function filtersOf(viewer) {
    const scope = `${viewer.seesAll ? 'all' : viewer.userId} ${currentVisitor()}`
    // The version is read before the customers, so a change between the two makes the entry outdated.
    const version = await versionOf(database, viewer)
    const known = cache.get(scope)
    if (known?.version === version) return known.filters
    const filters = await listFilters(database, viewer)
    cache.delete(scope)
    cache.set(scope, { version, filters })
    if (cache.size > MOST_CACHED) cache.delete(String(cache.keys().next().value))
    return filters
  }
}

async function listFilters(database: Kysely<Database>, viewer: Viewer): Promise<ListFilters> {
  const visible = customersVisibleTo(database, viewer)
  const countries = await visible.select('country').distinct().orderBy('country').execute()
  const industries = await visible.select('industry').distinct().orderBy('industry').execute()
  return { countries: countries.map((row) => row.country), industries: industries.map((row) => row.industry) }
}
