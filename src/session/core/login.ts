import { isGuestRecord } from '../record.ts'
import { answerOf, eventOf } from './context.ts'
import { SessionError, sessionEnded } from './errors.ts'
import { type GrantFields, raisesTrust, setsAnotherUser } from './grants.ts'
import { replaceSession, type SecureOptions } from './replace-session.ts'
import type { Hold } from './request-session.ts'

/** How trust rises. */
export interface Raising {
  /** The user has just proved who he is. */
  login: boolean
  /** Begin a fresh session when the old one ended meanwhile. */
  afresh: boolean
  keepStorage: SecureOptions['keepStorage']
}

/** Replaces the grants: in place when nothing is raised, else on a session whose id and cookie nobody knew before. */
export async function setGrants(
  hold: Hold,
  fields: GrantFields,
  login: boolean | undefined,
  keepStorage: Raising['keepStorage'],
): Promise<void> {
  hold.refuseStale()
  hold.refuseBorrowed()
  const before = hold.record.grants
  await putGrants(hold, fields, login, keepStorage)
  if (hold.record.grants !== before) reportPrivileges(hold)
}

/** Tells which privileges the session has now. */
export function reportPrivileges({ engine, record, cause }: Hold): void {
  const privileges = engine.policy.roles.expand(record.grants).names
  engine.events.emit('privilegesChanged', { ...eventOf(record, cause), privileges })
}

async function putGrants(
  hold: Hold,
  fields: GrantFields,
  login: boolean | undefined,
  keepStorage: Raising['keepStorage'],
): Promise<void> {
  const { engine } = hold
  const raises = () => raisesTrust(engine, hold.record, fields)
  const isLogin = login ?? setsAnotherUser(hold.record, fields)
  const afresh = login ?? (isLogin && isGuestRecord(hold.record) && !hold.lostUser)
  if (!isLogin && !raises()) {
    if (hold.state.is === 'guest') return // nothing raised on a guest: nothing to store
    await hold.change((current) => ({
      changes: raisesTrust(engine, current, fields) ? undefined : fields,
      answer: undefined,
    }))
    if (!raises()) return // else another device had lowered the session meanwhile
  }
  await raise(hold, fields, { login: isLogin, afresh, keepStorage })
}

/** Puts the fields on a session whose id and cookie nobody knew before. */
async function raise(hold: Hold, fields: Partial<GrantFields>, how: Raising): Promise<void> {
  hold.refuseBorrowed()
  hold.refuseRest()
  hold.refuseAfterHeaders()
  if (hold.state.is === 'guest') {
    if (!how.afresh) hold.refuseBegin()
    await hold.create(fields, how.login)
  } else if (!(await isOwnGuest(hold, how)) || !(await putOn(hold, fields, how.login))) {
    await replace(hold, fields, how)
  }
}

/** JADE's secureSession: always another id, and nothing but the user and the privileges goes along unasked. */
export async function secure(hold: Hold, how: Raising): Promise<void> {
  hold.refuseStale()
  hold.refuseBorrowed()
  hold.refuseAfterHeaders()
  if (hold.state.is !== 'guest') return replace(hold, {}, how)
  if (!how.afresh) hold.refuseBegin()
  hold.becomeGuest(hold.state.refusal)
  await hold.create({}, how.login)
}

/** Puts the fields on the guest's session that this request made. `false` when it ended meanwhile. */
async function putOn(hold: Hold, fields: Partial<GrantFields>, login: boolean): Promise<boolean> {
  const authenticated = login ? { authenticatedAt: hold.engine.policy.clock.now() } : {}
  if (login) await hold.endLostLogin({ ...hold.record, ...fields })
  try {
    await hold.change(() => ({ changes: { ...fields, ...authenticated }, answer: undefined }))
  } catch (error) {
    if (error instanceof SessionError && error.code === 'SESSION_ENDED') return false
    throw error
  }
  if (login && hold.state.is === 'live')
    hold.state = { ...hold.state, credential: { ...hold.state.credential, ...authenticated, via: 'login' } }
  hold.engine.events.emit('secured', { ...eventOf(hold.record, hold.cause), replaced: undefined })
  return true
}

/** JADE's replacement, in one step of the store. */
async function replace(hold: Hold, fields: Partial<GrantFields>, how: Raising): Promise<void> {
  const { state, engine, carrier } = hold
  if (state.is === 'live') {
    const done = await replaceSession(engine, state, carrier, { fields, ...how })
    if (done) return hold.present(done)
    hold.becomeGuest('just-ended')
  }
  if (!how.afresh) throw sessionEnded()
  await hold.create(fields, how.login) // a verified login does not fail because its guest ended meanwhile
}

/** Whether this request made the session, for a guest, and its one credential was not sent yet: nobody else can hold it. */
async function isOwnGuest(hold: Hold, { keepStorage = true }: Raising): Promise<boolean> {
  if (hold.state.is !== 'live' || !hold.state.unsent || !isGuestRecord(hold.record) || keepStorage !== true)
    return false
  const { store, appName } = hold.engine.policy
  const credentials = await answerOf(store.credentials(appName, [hold.record.id]))
  return credentials.get(hold.record.id)?.length === 1
}
