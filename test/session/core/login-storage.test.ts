import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Described, describe, type Handler, PAGES, STORES, startLayer } from '../support/layer.ts'

const USER = { userName: 'Ana Lima', userId: '4', privileges: 'viewCustomers' }

const LOGIN_PAGES: Record<string, Handler> = {
  ...PAGES,
  '/in': async (session, ctx) => {
    if (ctx.query.begin !== undefined) await session.use((storage) => Object.assign(storage, { cart: '1' }))
    await session.setPrivileges(USER, {
      login: true,
      keepStorage: ['cart'],
      storage: { stamp: String(ctx.query.stamp) },
    })
    return describe(session)
  },
  '/unsent': async (session) => {
    await session.use((storage) => Object.assign(storage, { cart: '1' }))
    await session.setPrivileges(USER, { login: true, keepStorage: true, storage: { stamp: '5' } })
    return describe(session)
  },
  '/wrong': async (session, ctx) => {
    const options = ctx.query.text === undefined ? { storage: { a: '1' } } : { login: true, storage: 'text' as never }
    return session.setPrivileges(USER, options).catch(String)
  },
}

for (const [store, open] of Object.entries(STORES))
  test(`the option storage of a login and of newToken reaches the new session in the same step, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, LOGIN_PAGES, { store: open(), guests: 'first-write' })
    const user = visitor()
    for (const [path, expected] of [
      ['/in?stamp=1', { stamp: '1' }],
      ['/in?stamp=2', { stamp: '2' }],
      ['/in?stamp=3&begin', { cart: '1', stamp: '3' }],
    ] as const) {
      const { id, storage } = await user.read<Described>(path)
      assert.deepEqual([storage, await manager.storage(id)], [expected, expected], path)
    }
    const { id, storage } = await visitor().read<Described>('/unsent')
    assert.deepEqual(
      [storage, await manager.storage(id)],
      [
        { cart: '1', stamp: '5' },
        { cart: '1', stamp: '5' },
      ],
    )
    const { id: token } = await manager.newToken('4', { storage: { stamp: '6' } })
    assert.deepEqual(await manager.storage(token), { stamp: '6' })
  })

test('the option storage without a login, and a text as storage, are refused', async (t) => {
  const { visitor, manager } = await startLayer(t, LOGIN_PAGES, { guests: 'first-write' })
  assert.match(await visitor().read('/wrong'), /^TypeError: setPrivileges\(\): storage needs login: true\./)
  assert.match(await visitor().read('/wrong?text'), /^TypeError: setPrivileges\(\): storage takes an object/)
  await assert.rejects(manager.newToken('4', { storage: 'text' as never }), { message: /storage takes an object/ })
  assert.equal(await manager.count(), 0)
})
