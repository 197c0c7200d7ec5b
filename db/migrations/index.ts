import type { Migration } from 'kysely'
import { salespersonsAndCustomers } from './0001-salespersons-and-customers.js'

/** Every step of the schema, oldest first. A step that was released is never edited: add the next one. */
export const migrations: Record<string, Migration> = {
  '0001-salespersons-and-customers': salespersonsAndCustomers,
}
