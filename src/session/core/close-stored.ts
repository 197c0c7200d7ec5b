import { type Engine, storeUnavailable } from './context.ts'
import { type Credential, type EndedSession, endedSession, type SessionRecord } from '../record.ts'

/**
 * Ends a session on the word of this credential's holder. When the store's answer is lost, it looks whether the session has ended:
 * whoever logged out is told so only if he is out.
 * @returns undefined when something else had ended it before.
 */
export async function closeStored(
  engine: Engine,
  record: SessionRecord,
  { hash }: Credential,
): Promise<EndedSession | undefined> {
  const { store, appName, clock } = engine.policy
  try {
    return await store.end(appName, record.id, 'closed', clock.now(), { by: hash })
  } catch (cause) {
    const found = await store.find(appName, record.id, hash, clock.now()).catch(() => undefined)
    if (found?.state !== 'ended') throw storeUnavailable(cause)
    return found.reason === 'closed' ? endedSession(record, 'closed') : undefined
  }
}
