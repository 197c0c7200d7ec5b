import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SessionEvents } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { troubledStore } from '../../support/troubled-store.ts'
import { codeOf, type Described, gate, type Handler, type LayerVisitor, PAGES, startLayer } from '../support/layer.ts'

const LINK_PAGES: Record<string, Handler> = {
  ...PAGES,
  '/link': async (session) => session.createOTP(),
  '/add': async (session) =>
    session.use((storage) => {
      storage.n = Number(storage.n ?? 0) + 1
    }),
  '/try-add': (session) => codeOf(session.use((storage) => void (storage.n = Number(storage.n ?? 0) + 1))),
}

async function startTroubled(
  t: TestContext,
  options: Parameters<typeof startLayer>[2] = {},
  more: Record<string, Handler> = {},
) {
  const store = memoryStore()
  const trouble = troubledStore(store)
  const layer = await startLayer(t, { ...LINK_PAGES, ...more }, { ...options, store: trouble.store })
  return { ...layer, store, trouble }
}

async function refusedBy(visitor: LayerVisitor, path: string) {
  const { status, headers, setCookies } = await visitor.get(path)
  assert.deepEqual([status, headers['retry-after'], setCookies], [503, '5', []], path)
}

test('a store that is down makes no user anonymous and changes no cookie, and works again without a restart', async (t) => {
  const { visitor, trouble } = await startTroubled(t, { guests: 'first-request' })
  const ana = visitor()
  const { id } = await ana.read<Described>('/login')
  trouble.trouble('fails')
  for (const path of ['/read', '/write', '/login', '/logout', '/link', '/nowhere']) await refusedBy(ana, path)
  trouble.mend()
  const back = await ana.read<Described>('/read')
  assert.deepEqual([back.id, back.userName], [id, 'Ana Lima'])
})

test('when only writes fail, reads succeed, and a write, a login and a logout get 503 and have no effect', async (t) => {
  const { visitor, trouble, clock } = await startTroubled(t)
  const ana = visitor()
  const { id } = await ana.read<Described>('/login')
  clock.advance({ minutes: 2 })
  trouble.trouble('fails', 'update', 'touch', 'attach', 'replace', 'end', 'create')
  assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
  for (const path of ['/write', '/login?user=Bo&id=5', '/logout', '/link']) await refusedBy(ana, path)
  await refusedBy(visitor(), '/login')
  await refusedBy(visitor(), '/write')
  trouble.mend()
  const { storage, ...back } = await ana.read<Described>('/read')
  assert.deepEqual([back.id, back.userName, storage], [id, 'Ana Lima', {}])
})

test('while the store is down, a visitor without a session gets the page without a session, and afterwards gets a session', async (t) => {
  const { visitor, manager, trouble } = await startTroubled(t, { guests: 'first-request' })
  const warnings: SessionEvents['warning'][] = []
  manager.on('warning', (event) => warnings.push(event))
  const bo = visitor()
  trouble.trouble('fails')
  const page = await bo.get('/read')
  assert.deepEqual([page.status, page.setCookies], [200, []])
  assert.match(String(warnings[0]?.message), /visitor/)
  trouble.mend()
  assert.equal((await bo.get('/read')).setCookies.length, 1)
})

test('a logout without a reply from the store succeeds if a second look shows that the session has ended, and otherwise gets 503', async (t) => {
  const { visitor, manager, trouble } = await startTroubled(t)
  const [ana, bo] = [visitor(), visitor()]
  const ended: string[] = []
  manager.on('ended', ({ userName, reason }) => ended.push(`${userName} ${reason}`))
  await ana.read('/login')
  await bo.read('/login?user=Bo&id=5')
  trouble.trouble('loses answers', 'end')
  const out = await ana.get('/logout')
  assert.equal(out.status, 200)
  assert.equal(out.setCookies.length, 1)
  assert.equal(ana.cookies.size, 0)
  assert.deepEqual(ended, ['Ana Lima closed'])

  trouble.trouble('hangs', 'end')
  const leaving = bo.get('/logout')
  await trouble.waiting()
  trouble.trouble('fails')
  trouble.giveUp()
  const { status, setCookies } = await leaving
  assert.deepEqual([status, setCookies], [503, []])
  trouble.mend()
  assert.equal((await bo.read<Described>('/read')).userName, 'Bo')
})

test('a link is not consumed while the store is down, and a visitor who consumes a link gets in even if the store’s reply is lost', async (t) => {
  const { visitor, trouble } = await startTroubled(t)
  const ana = visitor()
  await ana.read('/login')
  const link = `/read?$4DSID=${await ana.read<string>('/link')}`
  const phone = visitor()
  for (const operations of [[], ['findOTP'], ['redeem']] as const) {
    trouble.trouble('fails', ...operations)
    await refusedBy(phone, link)
  }
  trouble.trouble('loses answers', 'redeem')
  const opened = await phone.get(link)
  assert.deepEqual([opened.status, opened.setCookies.length], [200, 1])
  trouble.mend()
  assert.equal((await phone.read<Described>('/read')).userName, 'Ana Lima')
  assert.equal((await visitor().read<Described>(link)).userName, '', 'no other visitor gets in')
})

test('when the store’s reply to opening a link is lost and the second look fails, the visitor gets 503 and the link is consumed', async (t) => {
  const { visitor, trouble } = await startTroubled(t)
  const ana = visitor()
  await ana.read('/login')
  const link = `/read?$4DSID=${await ana.read<string>('/link')}`
  trouble.trouble('loses answers', 'redeem', 'find')
  await refusedBy(visitor(), link)
  trouble.mend()
  assert.equal((await visitor().read<Described>(link)).userName, '')
  assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
})

/** A page that increments a number. `waitFor` resolves after this number of requests has called `use` on the page. */
function crowded() {
  let here = 0
  let look = () => {}
  const come: Handler = (session) => {
    const work = codeOf(session.use((storage) => void (storage.n = Number(storage.n ?? 0) + 1)))
    here++
    look()
    return work
  }
  const waitFor = async (count: number) => {
    await new Promise<void>((resolve) => {
      look = () => here >= count && resolve()
      look()
    })
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { pages: { '/try-add': come }, waitFor }
}

test('when a write gets no reply from the store, the writes queued behind it fail without waiting for a reply', async (t) => {
  const { pages, waitFor } = crowded()
  const { visitor, clock, trouble } = await startTroubled(t, {}, pages)
  const ana = visitor()
  await ana.read('/login')
  trouble.trouble('hangs', 'update')
  const first = ana.read('/try-add')
  await trouble.waiting()
  const queue = Array.from({ length: 10 }, () => ana.read('/try-add'))
  await waitFor(11)
  clock.advance({ seconds: 2 })
  trouble.giveUp()
  await trouble.waiting() // waits for the one retry of the layer
  trouble.giveUp()
  assert.deepEqual(await Promise.all([first, ...queue]), Array(11).fill('STORE_UNAVAILABLE'))
  assert.equal(trouble.troubled.length, 2)
  trouble.mend()
  assert.equal(await ana.read('/try-add'), 'done')
  assert.equal((await ana.read<Described>('/read')).storage.n, 1)
})

test('when a write gets no reply from the store, the later calls of the same request fail without waiting for a reply', async (t) => {
  const { visitor, clock, trouble } = await startTroubled(
    t,
    {},
    {
      '/thrice': async (session) => {
        const write = () => codeOf(session.use((storage) => void (storage.n = 1)))
        return Promise.all([write(), write(), codeOf(session.renew())])
      },
    },
  )
  const ana = visitor()
  await ana.read('/login')
  trouble.trouble('hangs', 'update')
  const answer = ana.read('/thrice')
  await trouble.waiting()
  clock.advance({ seconds: 2 })
  trouble.giveUp()
  await trouble.waiting() // waits for the one retry of the layer
  trouble.giveUp()
  assert.deepEqual(await answer, Array(3).fill('STORE_UNAVAILABLE'))
  assert.equal(trouble.troubled.length, 2)
})

test('when a write fails at once, the write queued behind it can still succeed', async (t) => {
  const { pages, waitFor } = crowded()
  const { visitor, trouble } = await startTroubled(t, {}, pages)
  const ana = visitor()
  await ana.read('/login')
  trouble.trouble('hangs', 'update')
  const first = ana.read('/try-add')
  await trouble.waiting()
  const second = ana.read('/try-add')
  await waitFor(2)
  trouble.giveUp()
  await trouble.waiting()
  trouble.mend()
  assert.deepEqual(await Promise.all([first, second]), ['STORE_UNAVAILABLE', 'done'])
})

test('a write that meets a newer version emits a conflict event, which says whether the layer gave up the write', async (t) => {
  const door = gate()
  const slow: Handler = async (session) => {
    await door.pass()
    await session.use((storage) => void (storage.slow = 1))
  }
  const { visitor, manager, clock, store } = await startTroubled(t, {}, { '/slow': slow })
  const conflicts: boolean[] = []
  manager.on('conflict', ({ gaveUp }) => conflicts.push(gaveUp))
  const ana = visitor()
  await ana.read('/login')
  await ana.read('/write?key=quick')
  assert.deepEqual(conflicts, [])
  const writing = ana.read('/slow')
  await door.reached
  await ana.read('/write?key=between')
  door.open()
  await writing
  assert.deepEqual(conflicts.splice(0), [false])
  assert.deepEqual((await ana.read<Described>('/read')).storage, { quick: '1', between: '1', slow: 1 })

  store.update = async () => {
    clock.advance({ seconds: 3 })
    return { updated: false, ended: [] }
  }
  assert.equal(await ana.read('/try-add'), 'SESSION_BUSY')
  assert.deepEqual(conflicts, [false, false, false, true])
})
