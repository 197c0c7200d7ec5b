import type { Credential, EndReason, SessionId } from '../record.ts'
import type { Announcements, Found, InApp, Now, Presence, SessionStore, StoreMethod, WriteState } from '../store.ts'
import type { Clock } from './clock.ts'
import { storeUnavailable } from './errors.ts'
import { isTraced, type TraceMessage, traced, traceSource } from './tracing.ts'

/** The parameters of a store call without `app`, which `bindStore` adds. The default of `now` is the current time. */
type BoundCall<C> = Omit<C, keyof InApp | keyof Now> & (C extends Now ? Partial<Now> : unknown)
type Bound<S> = {
  readonly [M in keyof S]: S[M] extends (call: infer C) => Promise<infer A> ? (call: BoundCall<C>) => Promise<A> : never
}

/** The store calls of one application. A failed call throws STORE_UNAVAILABLE (503) with the store's error as cause. */
export type BoundStore = Bound<Pick<SessionStore, StoreMethod>> & {
  readonly probe: (() => Promise<WriteState>) | undefined
  readonly presence: Bound<Presence> | undefined
  readonly announcements:
    | { listen(listener: Parameters<Announcements['listen']>[0]['listener']): () => void }
    | undefined
}

export function bindStore(
  store: SessionStore,
  { appName: app, clock }: { appName: string; clock: Pick<Clock, 'now'> },
): BoundStore {
  const source = traceSource(app, store)
  const inApp = <C extends object>(call: C) => ({ app, now: clock.now(), ...call })
  const { presence, announcements } = store
  const probe = store.probe?.bind(store)
  const find = (id: SessionId, hash: string, now: number) => mapFailure(store.find({ app, id, hash, now }))
  const ending = <T>(facts: { id?: SessionId; reason?: EndReason }, end: () => Promise<T>) =>
    isTraced('end')
      ? traced(
          source,
          { operation: 'end', sessionId: facts.id, reason: facts.reason },
          () => mapFailure(end()),
          endedOutcome,
        )
      : mapFailure(end())
  return {
    create: (call) => mapFailure(store.create(inApp(call))),
    // Every request with a cookie calls `find`. The fields are listed, because the spread operator in `inApp` is slow.
    find: ({ id, hash, now = clock.now() }) =>
      isTraced('find')
        ? traced(source, { operation: 'find', sessionId: id }, () => find(id, hash, now), foundOutcome)
        : find(id, hash, now),
    get: ({ id }) => mapFailure(store.get({ app, id })),
    credentials: ({ ids }) => mapFailure(store.credentials({ app, ids })),
    update: (call) => mapFailure(store.update(inApp(call))),
    touch: (call) => mapFailure(store.touch(inApp(call))),
    attach: (call) => mapFailure(store.attach(inApp(call))),
    detach: (call) => ending(call, () => store.detach(inApp(call))),
    rotate: (call) => mapFailure(store.rotate(inApp(call))),
    setDetails: (call) => mapFailure(store.setDetails(inApp(call))),
    findOTP: (call) => mapFailure(store.findOTP(inApp(call))),
    redeem: (call) => mapFailure(store.redeem(inApp(call))),
    replace: (call) => mapFailure(store.replace(inApp(call))),
    end: (call) => ending(call, () => store.end(inApp(call))),
    endMany: (call) => ending({ reason: call.reason }, () => store.endMany(inApp(call))),
    remove: (call) => ending({ id: call.id, reason: 'revoked' }, () => store.remove(inApp(call))),
    takeMessage: (call) => mapFailure(store.takeMessage(inApp(call))),
    list: (call) => mapFailure(store.list(inApp(call))),
    count: (call) => mapFailure(store.count(inApp(call))),
    sweep: (call) => mapFailure(store.sweep(inApp(call))),
    probe: probe && (() => mapFailure(probe(inApp({})))),
    presence: presence && {
      beat: (call) => mapFailure(presence.beat(inApp(call))),
      leave: (call) => mapFailure(presence.leave(inApp(call))),
    },
    announcements: announcements && { listen: (listener) => announcements.listen({ app, listener }) },
  }
}

function foundOutcome(found: Found | undefined): Partial<TraceMessage> {
  return { outcome: found?.state ?? 'unknown', reason: found?.state === 'ended' ? found.reason : undefined }
}

/** `ended`: the result of `detach`, `end`, `endMany` or `remove`. */
function endedOutcome(ended: unknown): Partial<TraceMessage> {
  const count = Array.isArray(ended) ? ended.length : Number(Boolean(ended))
  return { outcome: count > 0 ? 'ended' : 'not-live', count }
}

async function mapFailure<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (cause) {
    throw storeUnavailable(cause)
  }
}

/**
 * Awaits `step`. If `step` fails but the store has the new credential, only the reply of the store was lost. In this
 * case, returns `reply`.
 */
export async function resolveLostReply<T>(
  store: BoundStore,
  step: Promise<T>,
  { record: { id }, credential: { hash } }: { record: { id: SessionId }; credential: Pick<Credential, 'hash'> },
  reply: T,
): Promise<T> {
  try {
    return await step
  } catch (error) {
    const found = await store.find({ id, hash }).catch(() => undefined)
    if (found?.state === 'live') return reply
    throw error
  }
}
