import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { customersVisibleTo, type Viewer } from '../customers/customers-visible-to.ts'
import { portfolioCache } from '../customers/portfolio-cache.ts'

interface ListFilters {
  countries: string[]
  industries: string[]
}

/** Returns a function that returns the countries and industries of the customers that a viewer may see. */
export function cachedFilters(database: Kysely<Database>): (viewer: Viewer) => Promise<ListFilters> {
  return portfolioCache(database, async (viewer) => {
    const visible = customersVisibleTo(database, viewer)
    const countries = await visible.select('country').distinct().orderBy('country').execute()
    const industries = await visible.select('industry').distinct().orderBy('industry').execute()
    return { countries: countries.map((row) => row.country), industries: industries.map((row) => row.industry) }
  })
}
