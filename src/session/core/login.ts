import { isGuestRecord } from '../record.ts'
import { eventOf } from './context.ts'
import { isSessionError, sessionEnded } from './errors.ts'
import { isRemembered } from './new-record.ts'
import { createSession, presentSession } from './new-session.ts'
import { type Login, replaceSession, type SecureOptions, storageWith } from './replace-session.ts'
import { RequestSession } from './request-session.ts'
import { withFlash } from './stored-text.ts'
import { isTraced, traced } from './tracing.ts'
import { updateRecord } from './update-record.ts'

/** Sets the user and the privileges. Rotates the session ID and the cookie to prevent session fixation. */
export function logIn(request: RequestSession, login: Login): Promise<void> {
  if (!login.login || !isTraced('login')) return rotateIn(request, login)
  const { state, context } = request
  const replaced = state.is === 'live' ? state.record.id : undefined
  return traced(
    context.source,
    { operation: 'login', replaced },
    () => rotateIn(request, login),
    () => ({ outcome: 'logged-in', sessionId: request.record.id }),
  )
}

async function rotateIn(request: RequestSession, login: Login): Promise<void> {
  request.require('own', 'web', 'cookie')
  if (request.state.is === 'guest') {
    await createNew(request, login)
  } else if (!(await isUnsentGuest(request, login))) {
    await replace(request, login)
  } else if (login.proof !== undefined || request.context.policy.deviceBinding) {
    // An update can store neither a proof nor the key of a device binding. The storage is kept, because only this request can have written it.
    await replace(request, { ...login, keepStorage: true })
  } else if (!(await logInUnsent(request, login))) {
    await replace(request, login)
  }
}

/** Replaces the session by a new session with the same user and privileges (JADE's secureSession). */
export async function secureSession(
  request: RequestSession,
  keepStorage: Required<SecureOptions>['keepStorage'],
): Promise<RequestSession> {
  const isGuest = isGuestRecord(request.record)
  const login = { fields: {}, login: isGuest, startsNew: isGuest && !request.lostUser, keepStorage }
  const successor = new RequestSession(request.context, request.exchange, request.state, request)
  if (request.state.is === 'guest') {
    successor.becomeGuest(request.state.refusal)
    // A copied cookie must stay as it is. A login of the successor still sets a cookie of its own.
    if (request.state.refusal !== 'unproved') await createNew(successor, login)
  } else await replace(successor, login)
  request.becomeStale()
  return successor
}

/** Keeps the session ID, because the browser does not know it yet. Returns `false` when the session has ended. */
async function logInUnsent(request: RequestSession, { fields, login, storage }: Login): Promise<boolean> {
  const { context } = request
  const { clock, events } = context
  const authenticated = login ? { authenticatedAt: clock.now() } : {}
  try {
    await updateRecord(request, (current) => ({
      changes: {
        ...fields,
        ...authenticated,
        ...(storage && { storage: storageWith(context, current, storage) }),
      },
      result: undefined,
    }))
  } catch (error) {
    if (isSessionError(error, 'SESSION_ENDED')) return false
    throw error
  }
  if (login && request.state.is === 'live')
    request.state = { ...request.state, credential: { ...request.state.credential, ...authenticated, via: 'login' } }
  events.emit('secured', { ...eventOf(request.record, request.cause), replaced: undefined })
  return true
}

async function replace(request: RequestSession, login: Login): Promise<void> {
  const { state } = request
  if (state.is === 'live') {
    const replaced = await replaceSession(request, state, login)
    if (replaced) return presentSession(request, replaced)
    request.becomeGuest('just-ended')
  }
  if (!login.startsNew) throw sessionEnded()
  await createNew(request, login) // A login also succeeds after the end of the guest's session.
}

async function createNew(
  request: RequestSession,
  { fields, login, startsNew, storage, rememberMilliseconds, proof }: Login,
): Promise<void> {
  if (!startsNew) request.require('mayBegin')
  request.require('cookie')
  const { context, record, flashes } = request
  const own = storageWith(context, record, storage)
  const stored = flashes.length === 0 ? own : withFlash(own, flashes)
  await createSession(request, { ...fields, storage: stored }, login ? 'login' : 'visit', {
    rememberMilliseconds,
    proof,
  })
}

/** Whether this request created the guest's session and the session has no other credential. */
async function isUnsentGuest(
  { state, context }: RequestSession,
  { keepStorage = true, rememberMilliseconds }: Login,
): Promise<boolean> {
  if (rememberMilliseconds !== undefined) return false // An update cannot change the absolute end of a session.
  if (state.is !== 'live' || !state.unsent || !isGuestRecord(state.record) || keepStorage !== true) return false
  if (isRemembered(state.record, state.credential)) return false
  const { id } = state.record
  const credentials = await context.store.credentials({ ids: [id] })
  return credentials.get(id)?.length === 1
}
