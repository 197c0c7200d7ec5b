import { channel, tracingChannel } from 'node:diagnostics_channel'
import type { EndReason, SessionId } from '../record.ts'
import type { SessionStore } from '../store.ts'
import { SessionError, type SessionErrorCode } from './errors.ts'

/** The application and the store that a message is about. */
export interface TraceSource {
  readonly app: string
  /** `SessionStore.name`, such as 'redis'. */
  readonly store: string
}

/** A store of your own may have no name. */
export function traceSource(app: string, { name = 'unknown' }: Pick<SessionStore, 'name'>): TraceSource {
  return { app, store: name }
}

/**
 * A message of the channels `tracing:session.<operation>:…`. The fields after `operation` may be undefined at the start.
 * No message contains a secret, a hash, a user, stored data or an error object.
 */
export interface TraceMessage extends TraceSource {
  /**
   * - `find`: a store call that finds the session of a cookie or a token
   * - `write`: a change of a session, with all attempts, or the first write of a guest
   * - `login`: a login, a re-authentication or a REST sign-in
   * - `end`: a store call that ends sessions or devices
   */
  readonly operation: 'find' | 'write' | 'login' | 'end'
  sessionId?: SessionId | undefined
  /**
   * - `find`: 'live', 'ended' or 'unknown'
   * - `write`: 'written', 'unchanged' or 'created'
   * - `login`: 'logged-in'
   * - `end`: 'ended' or 'not-live'
   * - 'failed': the operation threw; `code` has the reason
   */
  outcome?: 'live' | 'ended' | 'unknown' | 'written' | 'unchanged' | 'created' | 'logged-in' | 'not-live' | 'failed'
  /** The code of a SessionError; undefined for another error, for instance of the callback of `use`. */
  code?: SessionErrorCode | undefined
  durationMilliseconds?: number
  /** How often a write was tried. Each attempt after the first follows a conflict. */
  attempts?: number
  /** Why a session ended. */
  reason?: EndReason | undefined
  /** How many sessions or devices ended. */
  count?: number
  /** The ID of the session that a login replaced. */
  replaced?: SessionId | undefined
}

/** A message of the channel `session.conflict`: a write met another write of the same session. */
export interface ConflictMessage extends TraceSource {
  readonly sessionId: SessionId
  /** Whether the write fails with SESSION_BUSY. Otherwise it is tried again. */
  readonly gaveUp: boolean
}

type Operation = TraceMessage['operation']

const CHANNELS = {
  find: tracingChannel<TraceMessage>('session.find'),
  write: tracingChannel<TraceMessage>('session.write'),
  login: tracingChannel<TraceMessage>('session.login'),
  end: tracingChannel<TraceMessage>('session.end'),
}
const conflicts = channel('session.conflict')

/** Without a subscriber, a caller does nothing but this check. Bun and Deno lack the property of the whole channel. */
export function isTraced(operation: Operation): boolean {
  const { start, end, asyncStart, asyncEnd } = CHANNELS[operation]
  return start.hasSubscribers || end.hasSubscribers || asyncStart.hasSubscribers || asyncEnd.hasSubscribers
}

/** Runs an operation and publishes its messages. `outcomeOf` describes the result. */
export async function traced<T>(
  source: TraceSource,
  { operation, ...facts }: Pick<TraceMessage, 'operation' | 'sessionId' | 'reason' | 'replaced'>,
  run: () => Promise<T>,
  outcomeOf: (result: T) => Partial<TraceMessage>,
): Promise<T> {
  const message: TraceMessage = { operation, app: source.app, store: source.store, ...facts }
  const began = performance.now()
  let settle: () => T = () => {
    throw new Error('The operation has not run.')
  }
  // The channel adds the result or the error of the promise to the message. Both may contain secrets, so the promise
  // has neither.
  await CHANNELS[operation].tracePromise(async () => {
    try {
      const result = await run()
      settle = () => result
      Object.assign(message, outcomeOf(result))
    } catch (error) {
      settle = () => {
        throw error
      }
      message.outcome = 'failed'
      message.code = error instanceof SessionError ? error.code : undefined
    }
    message.durationMilliseconds = performance.now() - began
  }, message)
  return settle()
}

export function publishConflict({ app, store }: TraceSource, sessionId: SessionId, gaveUp: boolean): void {
  if (conflicts.hasSubscribers) conflicts.publish({ app, store, sessionId, gaveUp } satisfies ConflictMessage)
}
