import type { Logger } from 'pino'
import type { OwnOrigins } from '../web/own-origins.ts'

export interface PlatformOptions {
  log: Logger
  clock: { now(): number; after(milliseconds: number, run: () => void): () => void }
  /** The platform's own addresses. */
  origins: OwnOrigins
  /** Whether this origin is registered for callbacks. */
  isRegistered(origin: string): boolean
}
