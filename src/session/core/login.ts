import { isGuestRecord, type SessionRecord } from '../record.ts'
import { eventOf, reportEnded } from './context.ts'
import { isSessionError, sessionEnded } from './errors.ts'
import { createSession, presentSession } from './new-session.ts'
import { type Login, replaceSession, type SecureOptions } from './replace-session.ts'
import { RequestSession } from './request-session.ts'
import { updateRecord } from './update-record.ts'

/** Puts the user and the privileges on a session whose id and cookie were never known before: the defence against session fixation. */
export async function logIn(request: RequestSession, login: Login): Promise<void> {
  request.require('own', 'web', 'cookie')
  if (request.state.is === 'guest') {
    if (!login.afresh) request.require('mayBegin')
    await createAfresh(request, login)
  } else if (!(await isUnsentGuest(request, login)) || !(await logInUnsent(request, login))) {
    await replace(request, login)
  }
}

/**
 * JADE's secureSession: always another id, and only the user and the privileges go along unasked.
 * @returns the session that takes this one's place.
 */
export async function secureSession(
  request: RequestSession,
  keepStorage: Required<SecureOptions>['keepStorage'],
): Promise<RequestSession> {
  const isGuest = isGuestRecord(request.record)
  const login = { fields: {}, login: isGuest, afresh: isGuest && !request.lostUser, keepStorage }
  const successor = new RequestSession(request.context, request.exchange, request.state)
  successor.arrivalId = request.arrivalId
  successor.successor = request.successor
  if (request.state.is === 'guest') {
    if (!login.afresh) request.require('mayBegin')
    successor.becomeGuest(request.state.refusal)
    await createAfresh(successor, login)
  } else await replace(successor, login)
  request.becomeStale()
  return successor
}

/** Puts the fields on the guest's session that this request made. `false` when it ended meanwhile. */
async function logInUnsent(request: RequestSession, { fields, login }: Login): Promise<boolean> {
  const { clock, events } = request.context
  const authenticated = login ? { authenticatedAt: clock.now() } : {}
  if (login) await endLostLogin(request, { ...request.record, ...fields })
  try {
    await updateRecord(request, () => ({ changes: { ...fields, ...authenticated }, answer: undefined }))
  } catch (error) {
    if (isSessionError(error, 'SESSION_ENDED')) return false
    throw error
  }
  if (login && request.state.is === 'live')
    request.state = { ...request.state, credential: { ...request.state.credential, ...authenticated, via: 'login' } }
  events.emit('secured', { ...eventOf(request.record, request.cause), replaced: undefined })
  return true
}

/** JADE's replacement, in one step of the store. */
async function replace(request: RequestSession, login: Login): Promise<void> {
  const { state } = request
  if (state.is === 'live') {
    const replaced = await replaceSession(request, state, login)
    if (replaced) return presentSession(request, replaced)
    request.becomeGuest('just-ended')
  }
  if (!login.afresh) throw sessionEnded()
  await createAfresh(request, login) // a verified login does not fail because its guest ended meanwhile
}

async function createAfresh(request: RequestSession, { fields, login }: Login): Promise<void> {
  request.require('cookie')
  if (login) await endLostLogin(request, { ...request.record, ...fields })
  await createSession(request, fields, login ? 'login' : 'visit')
}

/**
 * The same user has logged in a moment ago from this very session, and the answer never reached the browser: the session that it brought
 * will never be presented, so it goes before a licence is taken twice.
 */
async function endLostLogin(
  { successor: id, context, cause }: RequestSession,
  { userId, userName }: Pick<SessionRecord, 'userId' | 'userName'>,
): Promise<void> {
  if (id === undefined) return
  const lost = await context.store.get({ id })
  if (lost?.userId !== userId || lost.userName !== userName) return
  const ended = await context.store.end({ id, reason: 'secured', unseen: true })
  if (ended) reportEnded(context, [ended], cause)
}

/** Whether this request made the session, for a guest, and its one credential was not sent yet: no other client can have it. */
async function isUnsentGuest({ state, context }: RequestSession, { keepStorage = true }: Login): Promise<boolean> {
  if (state.is !== 'live' || !state.unsent || !isGuestRecord(state.record) || keepStorage !== true) return false
  const { id } = state.record
  const credentials = await context.store.credentials({ ids: [id] })
  return credentials.get(id)?.length === 1
}
