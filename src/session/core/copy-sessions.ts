import type { Credential } from '../record.ts'
import type { Cursor, SessionStore } from '../store.ts'
import { bindStore } from './bound-store.ts'

/** How many records are read at once. */
const PAGE_SIZE = 500

export interface CopiedSessions {
  sessions: number
  /** Devices, tokens and open one-time links. */
  credentials: number
}

/**
 * Copies the sessions of an application from one store into another that has none of it yet, with their ids, devices, tokens and open
 * links, so that no user has to log in again. No process may write to either meanwhile: what is written then may stay behind.
 * What has expired, and the marks of what ended in the last minutes, are not taken along.
 * @throws TypeError when the other store has sessions of this application already. Nothing is written then.
 * @throws SessionError STORE_UNAVAILABLE when one of them does not answer; empty the other store before trying again.
 */
export async function copySessions(
  from: SessionStore,
  to: SessionStore,
  { appName, now = Date.now() }: { appName: string; now?: number },
): Promise<CopiedSessions> {
  const application = { appName, clock: { now: () => now } }
  const [source, target] = [bindStore(from, application), bindStore(to, application)]
  const present = await target.count({ filter: {} })
  if (present > 0)
    throw new TypeError(
      `copySessions(): the other store has ${present} sessions of ${appName} already. Copy into an empty one.`,
    )
  const copied: CopiedSessions = { sessions: 0, credentials: 0 }
  let after: Cursor | undefined
  do {
    const page = { sort: 'created', direction: 'asc', size: PAGE_SIZE, ...(after && { after }) } as const
    const { sessions, next } = await source.list({ filter: {}, page })
    const credentials = await source.credentials({ ids: sessions.map(({ id }) => id) })
    for (const record of sessions) {
      const [first, ...others] = (credentials.get(record.id) ?? []).sort((a, b) => rank(a) - rank(b))
      // It cannot be presented any more: it is kept for its licence alone, which ends with the move.
      if (!first) continue
      await target.create({ session: record, credential: first, limits: {} })
      for (const credential of others) await target.attach({ id: record.id, credential, limits: {} })
      copied.sessions++
      copied.credentials += 1 + others.length
    }
    after = next
  } while (after)
  return copied
}

/** Devices and tokens come before links. */
function rank({ kind }: Credential): number {
  return kind === 'otp' ? 1 : 0
}
