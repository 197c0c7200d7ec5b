import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOwnForm, type RequestFacts } from '../../../src/session/index.ts'
import { codeOf, type Described, describe, type Handler, PAGES, STORES, startLayer } from '../support/layer.ts'

const BEGINNING_PAGES: Record<string, Handler> = {
  ...PAGES,
  '/begin': async (session) => {
    const refused = await codeOf(session.begin())
    if (refused !== 'done') return refused
    await session.use((storage) => {
      storage.step = 'waiting'
    })
    return describe(session)
  },
}

for (const [store, open] of Object.entries(STORES)) {
  test(`[JOIN-1] a form of this origin begins a session although the session of its cookie has just ended, on the ${store} store`, async (t) => {
    const { visitor, manager, clock } = await startLayer(t, BEGINNING_PAGES, { store: open() })
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    await manager.end(id)
    clock.advance({ seconds: 1 })
    for (const [method, headers] of [
      ['GET', {}],
      ['POST', { 'Sec-Fetch-Site': 'cross-site' }],
      ['POST', { 'Sec-Fetch-Site': 'same-site' }],
      ['POST', { 'Sec-Fetch-Site': undefined, Origin: 'https://other.example' }],
      ['POST', { 'Sec-Fetch-Site': undefined, Origin: undefined }],
      ['POST', { 'Sec-Fetch-Mode': 'cors' }],
    ] as const) {
      const answer = await ana.send('/begin', { method, headers })
      assert.deepEqual(
        [JSON.parse(answer.text), answer.setCookies.length],
        ['SESSION_ENDED', 0],
        JSON.stringify(headers),
      )
    }
    const begun = JSON.parse((await ana.post('/begin')).text) as Described
    assert.deepEqual([begun.storage, begun.isGuest], [{ step: 'waiting' }, true])
    assert.notEqual(begun.id, id, 'the ended session stays ended')
    assert.equal((await ana.read<Described>('/read')).id, begun.id)
    assert.equal(JSON.parse((await ana.post('/begin')).text).id, begun.id, 'a stored session stays')
  })
}

test('[JOIN-1] a form is of this origin only if Sec-Fetch-Site or Origin says so', () => {
  const form: RequestFacts = {
    method: 'POST',
    host: 'crm.example',
    origin: 'https://crm.example',
    fetchMode: 'navigate',
    fetchSite: 'same-origin',
    fetchDestination: 'document',
    purpose: undefined,
    accept: 'text/html',
  }
  const old = { fetchMode: undefined, fetchSite: undefined, fetchDestination: undefined }
  for (const [is, change] of [
    [true, {}],
    [true, { fetchSite: 'none' }],
    [true, old],
    [false, { ...old, origin: 'null' }],
    [false, { ...old, origin: undefined }],
    [false, { fetchSite: 'same-site' }],
    [false, { fetchSite: 'cross-site' }],
    [false, { fetchMode: 'no-cors' }],
    [false, { method: 'GET' }],
    [false, { purpose: 'prefetch' }],
  ] as const)
    assert.equal(isOwnForm({ ...form, ...change }, 'lax'), is, JSON.stringify(change))
})
