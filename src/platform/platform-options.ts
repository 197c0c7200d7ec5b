import type { Logger } from 'pino'
import type { Clock } from '../session/index.ts'
import type { OwnOrigins } from '../web/own-origins.ts'

export interface PlatformOptions {
  log: Logger
  clock: Clock
  /** The origins of the platform itself. */
  origins: OwnOrigins
  /** Whether this origin is registered for callbacks. */
  isRegistered(origin: string): boolean
}
