import assert from 'node:assert/strict'
import type { Scope } from '../../support/process.ts'
import type { Described, LayerVisitor, Storage } from './layer.ts'
import { type RestHandler, type RestLayer, startRestLayer } from './rest-client.ts'

/** The cookies, tokens and ids of the sessions that a version of the layer has written. */
export interface ReleasedSessions {
  /** Maps the name of a visitor to the cookie. */
  cookies: Record<string, string>
  ids: Record<string, string>
  bearer: string
  /** The token of an unused one-time link to Ana's session. */
  link: string
}

const COOKIE = '4DSID_TEST'

const RELEASED_PAGES: Record<string, RestHandler> = {
  '/link': (session) => session.createOTP({ data: { order: 7 }, purpose: 'order' }),
  '/restored': (session) => session.restored,
  '/message': (session) => session.takeMessage(),
  '/count': (session) => session.use((storage: Storage) => void (storage.count = (storage.count ?? 0) + 1)),
  '/api/scope': (session) => [session.userId, session.name, session.scope],
}

export function startReleased(scope: Scope, options: Parameters<typeof startRestLayer>[2]): Promise<RestLayer> {
  return startRestLayer(scope, RELEASED_PAGES, options)
}

/** Creates sessions of each kind: guest, users, devices, replaced, ended with a message, unused link, API token. */
export async function writeSessions({ manager, visitor }: RestLayer): Promise<ReleasedSessions> {
  const [guest, ana, phone, ben] = [visitor(), visitor(), visitor(), visitor()]
  const ids: Record<string, string> = {}
  const begin = async (name: string, browser: LayerVisitor, path: string) => {
    ids[name] = (await browser.read<Described>(path)).id
  }
  await begin('guest', guest, '/write?key=book&value=Caf%C3%A9%20%22x%22')
  await begin('old', ana, '/write?key=cart&value=pen')
  await begin('ana', ana, '/login')
  await ana.read('/write?key=cart&value=pencil')
  await begin('phone', phone, `/read?$4DSID=${await ana.read('/link')}`)
  const link = await ana.read<string>('/link')
  await begin('ben', ben, '/login?user=Ben&id=5')
  await manager.removeWithMessage(String(ids.ben), 'Good bye.')
  const { token } = await manager.newToken('4', { userName: 'Ana Lima', name: 'Export', scope: 'read' })
  const cookies = Object.fromEntries(
    Object.entries({ guest, ana, phone, ben }).map(([name, browser]) => [name, browser.cookies.get(COOKIE) ?? '']),
  )
  return { cookies, ids, bearer: `Bearer ${token}`, link }
}

/** Rejects if the server of `layer` does not find each session unchanged. */
export async function assertKept(layer: RestLayer, { cookies, ids, bearer, link }: ReleasedSessions): Promise<void> {
  const browser = (name: string) => browserOf(layer, cookies[name])
  const { sessions } = await layer.manager.list()
  assert.deepEqual(sessions.map(({ userId, kind, state }) => `${userId} ${kind} ${state}`).sort(), [
    '4 rest live',
    '4 web live',
    'undefined web invalidated',
    'undefined web live',
  ])
  assert.equal((await browser('guest').read<Described>('/read')).storage.book, 'Café "x"')
  for (const name of ['ana', 'phone']) {
    const { id, userName, privileges, storage } = await browser(name).read<Described>('/read')
    assert.deepEqual([id, userName, privileges], [ids.ana, 'Ana Lima', ['viewCustomers', 'viewStart']], name)
    assert.deepEqual(storage, { cart: 'pencil' }, name)
  }
  assert.equal(await browser('ben').read('/message'), 'Good bye.')
  assert.deepEqual(JSON.parse((await layer.ask('/api/scope', bearer)).text), ['4', 'Export', 'read'])
  const tablet = layer.visitor()
  assert.deepEqual(await tablet.read(`/restored?$4DSID=${link}`), { data: { order: 7 } })
  assert.equal((await tablet.read<Described>('/read')).id, ids.ana)
  await browser('phone').read('/count')
  await layer.visitor().read('/login?user=Cem&id=6')
  await browser('ana').read('/logout')
  for (const device of [tablet, browser('phone')]) assert.equal((await device.read<Described>('/read')).isGuest, true)
}

/** Both versions use one store. Rejects if one version does not see a write of the other version. */
export async function assertSideBySide(old: RestLayer, recent: RestLayer, { cookies, ids }: ReleasedSessions) {
  const { storage: before } = await browserOf(old, cookies.guest).read<Described>('/read')
  const counts = Array.from({ length: 10 }, (_, n) => browserOf(n % 2 ? old : recent, cookies.guest).read('/count'))
  await Promise.all(counts)
  for (const [one, other] of [
    [old, recent],
    [recent, old],
  ] as const) {
    assert.equal((await browserOf(one, cookies.guest).read<Described>('/read')).storage.count, (before.count ?? 0) + 10)
    assert.equal(await one.manager.count(), 4)
    const visitor = one.visitor()
    const { id } = await visitor.read<Described>('/login?user=Dia&id=7')
    const elsewhere = browserOf(other, visitor.cookies.get(COOKIE))
    assert.equal((await elsewhere.read<Described>('/read')).userName, 'Dia')
    const device = other.visitor()
    assert.equal((await device.read<Described>(`/read?$4DSID=${await visitor.read('/link')}`)).id, id)
    await elsewhere.read('/logout')
    assert.equal((await visitor.read<Described>('/read')).isGuest, true)
  }
  assert.equal((await browserOf(old, cookies.phone).read<Described>('/read')).id, ids.ana)
}

/** New visitors of both versions arrive at once. Rejects if one version misses a visitor of the other version. */
export async function assertVisitorsShared(old: RestLayer, recent: RestLayer): Promise<void> {
  const arrived = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      const [one, other] = n % 2 ? [old, recent] : [recent, old]
      const visitor = one.visitor()
      const { id } = await visitor.read<Described>(`/write?key=place&value=${n}`)
      return { id, place: String(n), elsewhere: browserOf(other, visitor.cookies.get(COOKIE)) }
    }),
  )
  for (const { manager } of [old, recent]) {
    assert.equal(await manager.count(), 24)
    const { sessions } = await manager.list({ state: 'guest' })
    assert.deepEqual(
      arrived.map(({ id }) => id).filter((id) => !sessions.some((listed) => listed.id === id)),
      [],
    )
  }
  for (const { id, place, elsewhere } of arrived) {
    const described = await elsewhere.read<Described>('/read')
    assert.deepEqual([described.id, described.storage.place], [id, place])
    await elsewhere.read('/logout')
  }
  for (const { manager } of [old, recent]) assert.equal(await manager.count(), 4)
}

function browserOf(layer: RestLayer, cookie = ''): LayerVisitor {
  const visitor = layer.visitor()
  visitor.cookies.set(COOKIE, cookie)
  return visitor
}
