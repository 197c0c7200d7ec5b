import type { Logger } from 'pino'
import type { Clock } from '../session/index.ts'
import type { OwnOrigins } from '../web/own-origins.ts'

/** What the platform is handed by whoever starts it. */
export interface PlatformOptions {
  log: Logger
  clock: Clock
  /** The platform's own addresses. */
  origins: OwnOrigins
  /** Whether it may call back to this origin; whoever wants to be called has registered before. */
  isRegistered(origin: string): boolean
}
