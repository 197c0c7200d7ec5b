import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../database.js'
import type { Clock } from '../session/index.js'
import type { OwnOrigins } from '../web/own-origins.js'
import type { PlatformAddress } from './platform-address.js'

/** What operations are made of. */
export interface OperationParts {
  database: Kysely<Database>
  clock: Clock
  log: Logger
  origins: OwnOrigins
  platform: PlatformAddress
}
