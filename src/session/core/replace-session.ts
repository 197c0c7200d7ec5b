import { type Credential, isLive, type SessionRecord } from '../record.ts'
import { answerOf, type Engine, eventOf, reportConflict, reportEnded } from './context.ts'
import { SessionError } from './errors.ts'
import { type Carrier, causeOf } from './exchange.ts'
import { type GrantFields, setsAnotherUser } from './grants.ts'
import { newCredential, newRecord, storedAfterAll } from './new-session.ts'
import { EMPTY_STORAGE } from './storage.ts'
import { CONFLICT_SECONDS } from './update-record.ts'

export interface SecureOptions {
  /** What of the storage goes along: nothing (default), everything, or the values of some keys. */
  keepStorage?: boolean | readonly string[]
}

/** A session that was just stored, and the token for its browser. */
export interface NewSession {
  record: SessionRecord
  credential: Credential
  token: string
}

interface Raise {
  fields: Partial<GrantFields>
  login: boolean
  keepStorage: SecureOptions['keepStorage']
}

/**
 * Replaces a session by a new one with these fields, in one step of the store; the old one and all its credentials are dead then.
 * @returns undefined when the session, or the caller's hold on it, ended meanwhile; nothing is written then.
 */
export async function replaceSession(
  engine: Engine,
  old: { record: SessionRecord; credential: Credential },
  carrier: Carrier,
  raise: Raise,
): Promise<NewSession | undefined> {
  const { store, appName, clock, limits } = engine.policy
  const { device, address } = carrier
  const cause = causeOf(carrier)
  const by = old.credential.hash
  const started = clock.now()
  while (clock.now() - started < CONFLICT_SECONDS * 1000) {
    const now = clock.now()
    const current = await answerOf(store.get(appName, old.record.id))
    if (!current || !isLive(current, now)) return undefined
    const keep = raise.keepStorage ?? isSameUser(current, raise.fields)
    const record = successorOf(engine, current, raise, keep, now)
    const via = raise.login ? 'login' : old.credential.via
    const authenticatedAt = raise.login ? now : old.credential.authenticatedAt
    const made = newCredential('cookie', record.id, { via, authenticatedAt, device, address }, now)
    // What takes nothing of the old session along does not care what others wrote meanwhile.
    const expected = keep === false && isWhole(raise.fields) ? { by } : { by, version: current.version }
    const replaced = await storedAfterAll(
      engine,
      store.replace(appName, current.id, expected, record, made.credential, limits, now),
      made.credential,
      record.id,
      { state: 'replaced', ended: [] },
    )
    if (replaced.state === 'gone') return undefined
    if (replaced.state === 'replaced') {
      engine.events.emit('secured', { ...eventOf(record, cause), replaced: current.id })
      engine.events.emit('ended', { ...eventOf(current, cause), reason: 'secured' })
      reportEnded(engine, replaced.ended, cause)
      return { record, ...made }
    }
    reportConflict(engine, current.id, false)
  }
  reportConflict(engine, old.record.id, true)
  throw new SessionError(
    'SESSION_BUSY',
    'Others are changing this session without a pause. Nothing was changed; try again in a few seconds.',
  )
}

function successorOf(
  engine: Engine,
  current: SessionRecord,
  { fields, login }: Raise,
  keep: boolean | readonly string[],
  now: number,
): SessionRecord {
  const next = newRecord(engine, current.kind, now)
  return {
    ...next,
    userName: fields.userName ?? current.userName,
    userId: fields.userId ?? current.userId,
    grants: fields.grants ?? current.grants,
    storage: keptStorage(engine, current, keep),
    // Only a proof of who it is starts the absolute limit anew.
    ...(login ? {} : { absoluteEnd: current.absoluteEnd, end: Math.min(next.end, current.absoluteEnd) }),
  }
}

/** Whether nothing but the storage would come from the old session. */
function isWhole({ grants, userName, userId }: Partial<GrantFields>): boolean {
  return grants !== undefined && userName !== undefined && userId !== undefined
}

function isSameUser(current: SessionRecord, fields: Partial<GrantFields>): boolean {
  const hasUser = current.userId !== null || current.userName !== ''
  return hasUser && !setsAnotherUser(current, fields)
}

function keptStorage(engine: Engine, current: SessionRecord, keep: boolean | readonly string[]): string {
  if (typeof keep === 'boolean') return keep ? current.storage : EMPTY_STORAGE
  const storage = engine.format.decode(current.storage)
  return engine.format.encode(Object.fromEntries(Object.entries(storage).filter(([key]) => keep.includes(key))))
}
