import { refuseUnknown } from '../known-options.ts'
import type { Credential } from '../record.ts'
import type { Cursor, SessionStore } from '../store.ts'
import { bindStore } from './bound-store.ts'

const PAGE_SIZE = 500

export interface CopiedSessions {
  sessions: number
  /** Devices, tokens and valid one-time links. */
  credentials: number
}

/**
 * Copies the sessions of an application to another store, with devices, tokens and valid links. Users stay logged in.
 * Stop all writes first, because a write during the copy may be lost. The copy does not contain tombstones, expired
 * sessions or replaced sessions.
 * @throws TypeError when the target already has sessions of this application. In this case, nothing is written.
 * @throws SessionError STORE_UNAVAILABLE when a store fails. Empty the target before a second attempt.
 */
export async function copySessions(
  from: SessionStore,
  to: SessionStore,
  options: { appName: string; now?: number },
): Promise<CopiedSessions> {
  refuseUnknown('copySessions()', options, { appName: true, now: true })
  const { appName, now = Date.now() } = options
  const application = { appName, clock: { now: () => now } }
  const [source, target] = [bindStore(from, application), bindStore(to, application)]
  const present = await target.count({ filter: {} })
  if (present > 0)
    throw new TypeError(
      `copySessions(): the target store has ${present} sessions of ${appName} already. Copy into an empty one.`,
    )
  const copied: CopiedSessions = { sessions: 0, credentials: 0 }
  let after: Cursor | undefined
  do {
    const page = { sort: 'created', direction: 'asc', size: PAGE_SIZE, ...(after && { after }) } as const
    const { sessions, next } = await source.list({ filter: {}, page })
    const credentials = await source.credentials({ ids: sessions.map(({ id }) => id) })
    for (const record of sessions) {
      const [first, ...others] = (credentials.get(record.id) ?? []).sort((a, b) => rank(a) - rank(b))
      if (!first || record.startTime === null) continue // The session was replaced, or cannot be read.
      await target.create({ session: record, credential: first, limits: {} })
      for (const credential of others) await target.attach({ id: record.id, credential, limits: {} })
      copied.sessions++
      copied.credentials += 1 + others.length
    }
    after = next
  } while (after)
  return copied
}

/** Devices and tokens are sorted before links. */
function rank({ kind }: Credential): number {
  return kind === 'otp' ? 1 : 0
}
