import assert from 'node:assert/strict'
import test from 'node:test'
import type { Config } from '../../src/config/config.ts'
import { assertProblem, signedIn } from '../support/api-client.ts'
import { startDemo } from '../support/demo.ts'

const STORES: Record<string, Config['sessionStore']> = {
  memory: { kind: 'memory' },
  SQLite: { kind: 'sqlite', file: ':memory:' },
}

for (const [store, sessionStore] of Object.entries(STORES)) {
  test(`[BEARER-12] when many variables are set at once, no variable is lost, on the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const client = await signedIn(demo, 4)
    for (let round = 0; round < 5; round += 1) {
      const names = Array.from({ length: 20 }, (_, index) => `round${round}.${index}`)
      await Promise.all(
        names.map((name) => client.send('PUT', `/session/variables/${name}`, { body: { value: name } })),
      )
      const { variables } = (await client.get('/session/variables')).body
      for (const name of names) assert.equal(variables[name], name)
      await Promise.all(names.slice(0, 10).map((name) => client.send('DELETE', `/session/variables/${name}`)))
      assert.equal(Object.keys((await client.get('/session/variables')).body.variables).length, (round + 1) * 10)
    }
  })

  test(`a variable can be set, read and removed; it belongs to one token and ends with that token, on the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const [client, other] = [await signedIn(demo, 4), await signedIn(demo, 4)]
    const path = '/session/variables/last_seen-1.x'
    assert.deepEqual((await client.get('/session/variables')).body, { variables: {} })
    assertProblem(await client.get(path), 404, /no such variable/)
    assertProblem(await client.send('DELETE', path), 404, /no such variable/)
    const value = 'a\n\t“quoted” 🏭'
    assert.deepEqual((await client.send('PUT', path, { body: { value } })).body, { name: 'last_seen-1.x', value })
    assert.deepEqual((await client.get(path)).body, { name: 'last_seen-1.x', value })
    assert.deepEqual((await client.get('/session/variables')).body, { variables: { 'last_seen-1.x': value } })
    assertProblem(await other.get(path), 404)
    assert.equal((await client.send('DELETE', path)).status, 204)
    assertProblem(await client.get(path), 404)
  })

  test(`the variables of a token take 64 kB at most, and a refused variable changes nothing, on the ${store} store`, async (t) => {
    const demo = await startDemo(t, { sessionStore })
    const client = await signedIn(demo, 4)
    const put = (index: number) =>
      client.send('PUT', `/session/variables/v${index}`, { body: { value: 'x'.repeat(4096) } })
    let stored = 0
    while ((await put(stored)).status === 200) stored += 1
    assert.equal(stored, 15)
    assertProblem(await put(stored), 413, /^All variables of a token together take 64 kB at most\./)
    assert.equal(Object.keys((await client.get('/session/variables')).body.variables).length, stored)
    assert.equal((await client.send('PUT', '/session/variables/v0', { body: { value: 'small' } })).status, 200)
  })
}

test('an invalid name or value of a variable is refused', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  for (const name of [
    '__proto__',
    'constructor',
    'prototype',
    'a%20b',
    'a%2Fb',
    'ä',
    '%00',
    'x'.repeat(65),
    '%zz',
    '...%',
  ])
    for (const method of ['GET', 'PUT', 'DELETE'])
      assertProblem(
        await client.send(method, `/session/variables/${encodeURI(name)}`, {
          body: method === 'PUT' ? { value: '1' } : undefined,
        }),
        404,
      )
  const long = 'x'.repeat(4097)
  for (const value of ['', long, 5, null, true, [], ['a'], {}, 'a\0b', '\u001b[31m', '\ud800', undefined])
    assertProblem(await client.send('PUT', '/session/variables/a', { body: { value } }), 422, /^value: /)
  assert.deepEqual((await client.get('/session/variables')).body, { variables: {} })
  assert.equal(({} as Record<string, unknown>).value, undefined)
})
