import { eventOf } from './context.ts'
import { sessionEnded } from './errors.ts'
import { newCredential, storedAfterAll } from './new-session.ts'
import type { Hold } from './request-session.ts'

export interface RenewOptions {
  /** The user has just proved again who he is: this device counts as logged in now. Default false. */
  login?: boolean
  /** What becomes of the session's other devices and one-time links. Default 'keep'. */
  others?: 'end' | 'keep'
}

/** Gives this device another cookie for the same session, in one step of the store; the one it came with is dead then. */
export async function renew(hold: Hold, { login = false, others = 'keep' }: RenewOptions): Promise<void> {
  hold.refuseStale()
  hold.refuseBorrowed()
  hold.refuseRest()
  const { state, engine, carrier } = hold
  if (state.is !== 'live') throw sessionEnded()
  hold.refuseAfterHeaders()
  const { store, appName, clock } = engine.policy
  const { record, credential: old } = state
  const now = clock.now()
  const { device, address } = carrier
  const via = login ? 'login' : old.via
  const authenticatedAt = login ? now : old.authenticatedAt
  const made = newCredential('cookie', record.id, { via, authenticatedAt, device, address }, now)
  const step = store.rotate(appName, record.id, old.hash, made.credential, others, now)
  if (!(await storedAfterAll(engine, step, made.credential, record.id, true))) {
    hold.becomeGuest('just-ended')
    throw sessionEnded()
  }
  await hold.present({ record, ...made }, { shared: true })
  engine.events.emit('renewed', { ...eventOf(record, hold.cause), login, others })
}
