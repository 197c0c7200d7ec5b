import { type Credential, endAfter, isLive, type SessionRecord } from '../record.ts'
import { resolveLostReply } from './bound-store.ts'
import { type Context, eventOf, reportConflict, reportEnded } from './context.ts'
import { originOf } from './device-binding/binding.ts'
import { isSessionError, sessionBusy } from './errors.ts'
import { keptFlash } from './flash.ts'
import { type GrantFields, setsAnotherUser } from './grants.ts'
import { type NewSession, newCredential, newRecord, rememberedFor } from './new-record.ts'
import { withProof } from './proofs.ts'
import type { RequestSession } from './request-session.ts'
import { EMPTY_STORAGE } from './storage.ts'
import { withFlash } from './stored-text.ts'
import { CONFLICT_SECONDS } from './update-record.ts'

export interface SecureOptions {
  /**
   * The part of the storage that the new session keeps: all (`true`), nothing (`false`) or a list of keys.
   * Default for `secureSession`: false. Default for `setPrivileges`: true for the same user, otherwise false.
   */
  keepStorage?: boolean | readonly string[]
}

/** @throws TypeError for an invalid value. A text is invalid, because `includes` would also find parts of the text. */
export function checkKeepStorage(where: string, { keepStorage }: SecureOptions): void {
  const isList = Array.isArray(keepStorage) && keepStorage.every((key) => typeof key === 'string')
  if (keepStorage !== undefined && typeof keepStorage !== 'boolean' && !isList)
    throw new TypeError(`${where}: keepStorage is true, false or a list of keys, got ${typeof keepStorage}.`)
}

export interface Login extends SecureOptions {
  fields: Partial<GrantFields>
  /** Whether the user has just authenticated. */
  login: boolean
  /** What happens if the old session has ended. true creates a new session, and false throws SESSION_ENDED. */
  startsNew: boolean
  /** Values for the storage of the new session. */
  storage?: object
  /** How the user has just authenticated. */
  proof?: string
  /** The lifetime of the new session. Default: the ordinary timeouts for a login, otherwise those of the old session. */
  rememberMilliseconds?: number
}

/** @returns undefined when the old session or the credential of the caller has ended. */
export async function replaceSession(
  request: RequestSession,
  old: { record: SessionRecord; credential: Credential },
  { fields, login, keepStorage, storage, rememberMilliseconds, proof }: Login,
): Promise<NewSession | undefined> {
  const { context, exchange, cause, origin } = request
  const { store, clock, events } = context
  const { limits } = context.policy
  const by = old.credential.hash
  const started = clock.now()
  while (clock.now() - started < CONFLICT_SECONDS * 1000) {
    const now = clock.now()
    const current = await store.get({ id: old.record.id })
    if (!current || !isLive(current, now)) return undefined
    const isSame = isSameUser(current, fields)
    const flash = keptFlash(request, current, isSame)
    const keep = keepStorage ?? isSame
    const record = {
      ...withMessages(successorOf(context, current, { fields, login, storage }, keep, now), flash),
      ...(rememberMilliseconds !== undefined && rememberedFor(rememberMilliseconds, now)),
    }
    const via = login ? 'login' : old.credential.via
    const authenticatedAt = login ? now : old.credential.authenticatedAt
    const details = login ? origin : originOf(old.credential.details)
    const expiresAt = login ? rememberMilliseconds && record.absoluteEnd : old.credential.expiresAt
    // The proofs of one user say nothing about another user.
    const proofs = withProof(setsAnotherUser(current, fields) ? undefined : old.credential, proof, now)
    const seed = { via, authenticatedAt, from: exchange, details, expiresAt, proofs }
    const made = newCredential(context, 'cookie', record, seed, now)
    // The version is checked only if the new session copies data from the old session.
    const copies = keep !== false || !isComplete(fields) || isSame || flash.length > 0
    const expected = copies ? { by, version: current.version } : { by }
    const { id } = current
    const step = store.replace({ id, expected, session: record, credential: made.credential, limits, now })
    const replaced = await resolveLostReply(store, step, made, { state: 'replaced', ended: [] })
    if (replaced.state === 'gone') return undefined
    if (replaced.state === 'replaced') {
      events.emit('secured', { ...eventOf(record, cause), replaced: id })
      events.emit('ended', { ...eventOf(current, cause), reason: 'secured' })
      reportEnded(context, replaced.ended, cause)
      return made
    }
    reportConflict(context, id, false)
  }
  reportConflict(context, old.record.id, true)
  throw sessionBusy()
}

function successorOf(
  context: Context,
  current: SessionRecord,
  { fields, login, storage }: Pick<Login, 'fields' | 'login'> & { storage: object | undefined },
  keep: boolean | readonly string[],
  now: number,
): SessionRecord {
  const next = newRecord(context, current.kind, now)
  return {
    ...next,
    userName: fields.userName ?? current.userName,
    userId: fields.userId ?? current.userId,
    grants: fields.grants ?? current.grants,
    storage: storageWith(context, { kind: current.kind, storage: keptStorage(context, current, keep) }, storage),
    // Only a login restarts the absolute timeout and the default of the idle timeout.
    ...(login ? {} : lifetimeOf(current, now)),
  }
}

function lifetimeOf({ idleMilliseconds, absoluteEnd }: SessionRecord, now: number) {
  return { idleMilliseconds, absoluteEnd, end: endAfter(now, idleMilliseconds, absoluteEnd) }
}

/** Whether `fields` contains all data of the new session except the storage. */
function isComplete({ grants, userName, userId }: Partial<GrantFields>): boolean {
  return grants !== undefined && userName !== undefined && userId !== undefined
}

function isSameUser(current: SessionRecord, fields: Partial<GrantFields>): boolean {
  const hasUser = current.userId !== null || current.userName !== ''
  return hasUser && !setsAnotherUser(current, fields)
}

/** Returns the text of the record's storage with these values. They replace the stored values of the same names. */
export function storageWith(
  { storage }: Context,
  record: Pick<SessionRecord, 'kind' | 'storage'>,
  values: object | undefined,
): string {
  return values === undefined ? record.storage : storage.write({ ...storage.read(record), ...values }, record)
}

function keptStorage({ storage, events }: Context, current: SessionRecord, keep: boolean | readonly string[]): string {
  if (keep === false) return EMPTY_STORAGE
  try {
    return storage.kept(current, keep)
  } catch (error) {
    if (!isSessionError(error, 'STORAGE_UNREADABLE')) throw error
    const message = `The storage of session ${current.id} could not be read, so its successor starts with an empty one.`
    events.emit('warning', { code: 'STORAGE_UNREADABLE', message })
    return EMPTY_STORAGE
  }
}

function withMessages(record: SessionRecord, flash: readonly string[]): SessionRecord {
  return flash.length === 0 ? record : { ...record, storage: withFlash(record.storage, flash) }
}
