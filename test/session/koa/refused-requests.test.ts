import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Described, describe, PAGES, STORES, startLayer } from '../support/layer.ts'

const UNKNOWN_TOKEN = 'A'.repeat(32)

for (const [store, open] of Object.entries(STORES)) {
  test(`[LINK-1] an invalid token begins a guest's session only for a GET navigation without any cookie, on the ${store} store`, async (t) => {
    const pages = {
      ...PAGES,
      '/validate': (session: Parameters<typeof describe>[0], ctx: { status: number }) => {
        ctx.status = session.restored === false ? 400 : 200
        return describe(session)
      },
    }
    const { visitor, manager } = await startLayer(t, pages, { store: open(), guests: 'first-request' })
    const path = `/validate?$4DSID=${UNKNOWN_TOKEN}`
    for (const sent of [
      { headers: { Cookie: 'other=1' } },
      { headers: { Cookie: '' } },
      { headers: { 'Sec-Fetch-Mode': 'cors' } },
      { headers: { 'Sec-Purpose': 'prefetch' } },
      { method: 'HEAD' },
      { method: 'POST' },
    ])
      assert.deepEqual((await visitor().send(path, sent)).setCookies, [], JSON.stringify(sent))
    assert.equal(await manager.count(), 0)

    const ana = visitor()
    const refused = await ana.get(path)
    const begun = JSON.parse(refused.text) as Described
    assert.deepEqual([refused.status, refused.setCookies.length, begun.isGuest], [400, 1, true])
    assert.equal((await ana.read<Described>('/read')).id, begun.id)
    const again = await ana.get(path)
    assert.deepEqual([again.status, again.setCookies], [400, []])

    await manager.end(begun.id)
    assert.deepEqual((await ana.get(path)).setCookies, [], 'the cookie of an ended session is a cookie too')
  })
}
