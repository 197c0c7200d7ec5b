import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../db/tables.ts'
import type { Clock } from '../session/index.ts'
import type { OwnOrigins } from '../web/own-origins.ts'
import type { PlatformAddress } from './platform-address.ts'

export interface OperationParts {
  database: Kysely<Database>
  clock: Clock
  log: Logger
  origins: OwnOrigins
  platform: PlatformAddress
}
