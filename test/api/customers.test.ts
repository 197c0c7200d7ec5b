import assert from 'node:assert/strict'
import test from 'node:test'
import { disableAccount } from '../../src/accounts/index.ts'
import { assertProblem, NEW_CUSTOMER, signedIn } from '../support/api-client.ts'
import { startWithRecorder } from '../support/approvals.ts'
import { startDemo } from '../support/demo.ts'
import { forgetRemovedCustomers, snapshotOf } from '../support/pages.ts'
import { letNumbersComeAgain } from '../support/servers/crm-databases.ts'

test('a customer is created, read, changed and removed over the API, and the pages show the same', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const made = await client.post('/customers', { ...NEW_CUSTOMER, email: 'Nora@Brightwater.example' })
  assert.equal(made.status, 201)
  const { id } = made.body
  assert.equal(made.headers.location, `/api/customers/${id}`)
  const derived = { totalPurchase: 0, customerSince: '2026-01-05', salesperson: 4, salespersonName: 'Noah Lindgren' }
  assert.deepEqual(made.body, { id, ...NEW_CUSTOMER, ...derived })

  const read = await client.get(`/customers/${id}`)
  assert.deepEqual([read.body, read.headers.etag], [made.body, made.headers.etag])
  assert.equal((await client.get(`/customers/${id}`, { 'If-None-Match': read.headers.etag })).status, 304)

  const changed = await client.send('PATCH', `/customers/${id}`, {
    body: { name: 'Łąka Mills', customerSince: '2020-02-29' },
  })
  assert.deepEqual(changed.body, { ...made.body, name: 'Łąka Mills', customerSince: '2020-02-29' })
  assert.notEqual(changed.headers.etag, read.headers.etag)
  assert.deepEqual((await client.get('/customers?search=laka')).body.customers.map(idOf), [id])
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  assert.match((await visitor.get(`/customers/${id}`)).text, /Łąka Mills/)

  const removed = await client.send('DELETE', `/customers/${id}`)
  assert.deepEqual([removed.status, removed.text], [204, ''])
  for (const method of ['GET', 'DELETE']) assertProblem(await client.send(method, `/customers/${id}`), 404)
  assert.equal((await visitor.get(`/customers/${id}`)).status, 404)
})

test('a change that names its version never overwrites another change', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const change = (city: string, tag: string | undefined) =>
    client.send('PATCH', '/customers/1', { body: { city }, headers: { 'If-Match': tag } })
  const first = String((await client.get('/customers/1')).headers.etag)
  const second = String((await change('Lyon', first)).headers.etag)
  assertProblem(await change('Nantes', first), 412, /changed in the meantime/)
  const none = ['"other"', '""', `W/${second}`, `${first}, "9,9"`, `"${'9'.repeat(5000)}"`]
  for (const tag of none) assertProblem(await change('Nantes', tag), 412)
  for (const tag of ['1', 'x', '"', '', ',', `${second} ${second}`, `*, ${second}`])
    assertProblem(await change('Nantes', tag), 400, /^If-Match: /)
  assertProblem(await client.send('DELETE', '/customers/1', { headers: { 'If-Match': first } }), 412)
  assert.equal((await client.get('/customers/1')).body.city, 'Lyon')
  const third = await change('Brest', ` "x" ,${first},,  ${second}`)
  assert.equal(third.status, 200)
  for (const tag of ['*', ' * ', undefined]) assert.equal((await change('Brest', tag)).status, 200)
  assertProblem(
    await client.send('PATCH', '/customers/999', { body: { city: 'X' }, headers: { 'If-Match': '*' } }),
    404,
  )
})

test('If-Match may list fifty versions, including duplicates, and a longer list is refused', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const send = (method: string, tags: string[]) =>
    client.send(method, '/customers/1', {
      body: method === 'PATCH' ? { city: 'Lyon' } : undefined,
      headers: { 'If-Match': tags.join() },
    })
  const tags = Array.from({ length: 3000 }, (_, index) => `"${index + 10}"`)
  const fitting = String((await client.get('/customers/1')).headers.etag)
  for (const method of ['PATCH', 'DELETE']) {
    for (const many of [tags.slice(0, 51), tags.slice(0, 1001), tags.slice(0, 1500), Array(51).fill(fitting)])
      assertProblem(await send(method, many), 400, /^If-Match: at most 50 entity tags\.$/)
    assertProblem(await send(method, tags.slice(0, 50)), 412)
  }
  assert.equal((await send('PATCH', [...Array(25).fill(fitting), ...tags.slice(0, 25)])).status, 200)
})

test('of many concurrent changes of one version, exactly one is made', async (t) => {
  const demo = await startDemo(t)
  const clients = await Promise.all([4, 5, 4, 5].map((userId) => signedIn(demo, userId)))
  for (let round = 0; round < 5; round += 1) {
    const tag = String((await clients[0]?.get('/customers/1'))?.headers.etag)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        clients[index % 4]?.send('PATCH', '/customers/1', {
          body: { city: `City ${index}` },
          headers: { 'If-Match': tag },
        }),
      ),
    )
    const won = answers.filter((answer) => answer?.status === 200)
    assert.equal(won.length, 1)
    assert.equal(answers.filter((answer) => answer?.status === 412).length, 19)
    assert.deepEqual((await clients[0]?.get('/customers/1'))?.body, won[0]?.body)
  }
})

test('the version of a removed customer never matches the next customer with the same id', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const first = await client.post('/customers', NEW_CUSTOMER)
  await client.send('DELETE', `/customers/${first.body.id}`)
  await forgetRemovedCustomers(demo)
  await letNumbersComeAgain(demo.parts.database, 'customers')
  const second = await client.post('/customers', { ...NEW_CUSTOMER, name: 'Another name' })
  const headers = { 'If-Match': first.headers.etag }
  assert.equal(second.body.id, first.body.id)
  assertProblem(await client.send('DELETE', `/customers/${second.body.id}`, { headers }), 412)
})

test('a customer with a pending approval cannot be removed until the approval is decided or expires', async (t) => {
  const { demo, ask } = await startWithRecorder(t)
  const client = await signedIn(demo, 4)
  await ask()
  assertProblem(await client.send('DELETE', '/customers/1'), 409, /is pending/)
  assert.equal((await client.get('/customers/1')).status, 200)
  demo.clock.advance({ minutes: 16 })
  assert.equal((await client.send('DELETE', '/customers/1')).status, 204)
  await forgetRemovedCustomers(demo)
  const left = await demo.parts.database.selectFrom('purchases').select('id').where('customer_id', '=', 1).execute()
  assert.equal(left.length, 0)
})

test('every operation treats a customer of another salesperson like a customer that does not exist', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 1)
  const before = await snapshotOf(demo.parts)
  for (const [method, body] of [
    ['GET', undefined],
    ['PATCH', { city: 'X' }],
    ['DELETE', undefined],
  ] as const) {
    const [foreign, unknown] = [
      await client.send(method, '/customers/1', { body }),
      await client.send(method, '/customers/999999', { body }),
    ]
    assertProblem(foreign, 404, /no such customer in your portfolio/)
    assert.equal(foreign.text, unknown.text, method)
    for (const id of [
      '0',
      '01',
      '1.0',
      '+1',
      '1e0',
      '-1',
      '0x1',
      '9999999999',
      'NaN',
      'null',
      '%00',
      '1%20',
      '1,2',
      '１',
    ])
      assert.equal((await client.send(method, `/customers/${encodeURI(id)}`, { body })).text, unknown.text, id)
  }
  assertProblem(await client.get('/customers/1/purchases'), 404, /no such customer/)
  const tagged = await client.send('PATCH', '/customers/1', { body: { city: 'X' }, headers: { 'If-Match': '"1"' } })
  assertProblem(tagged, 404)
  assert.equal(await snapshotOf(demo.parts), before)
})

test('a role has the same rights over the API as on the pages', async (t) => {
  const demo = await startDemo(t)
  const own: Record<number, number> = { 4: 1, 5: 1, 6: 1 }
  const rights: Record<string, [userId: number, status: number][]> = {
    'GET /me': [
      [4, 200],
      [5, 200],
      [6, 200],
    ],
    'GET /customers': [
      [4, 200],
      [5, 200],
      [6, 403],
    ],
    'GET /customers/ID': [
      [4, 200],
      [5, 200],
      [6, 403],
    ],
    'GET /customers/ID/purchases': [
      [4, 200],
      [5, 200],
      [6, 403],
    ],
    'GET /portfolio/top3': [
      [4, 200],
      [5, 200],
      [6, 200],
    ],
    'POST /customers': [
      [4, 201],
      [5, 201],
      [6, 403],
    ],
    'PATCH /customers/ID': [
      [4, 200],
      [5, 200],
      [6, 403],
    ],
    'DELETE /customers/ID': [
      [6, 403],
      [5, 204],
    ],
  }
  for (const [request, who] of Object.entries(rights)) {
    const [method = '', path = ''] = request.split(' ')
    for (const [userId, status] of who) {
      const client = await signedIn(demo, userId)
      const body = { POST: NEW_CUSTOMER, PATCH: { city: 'Lyon' } }[method]
      const answer = await client.send(method, path.replace('ID', String(own[userId])), { body })
      if (status === 403) assertProblem(answer, 403, /privilege “(view|edit)Customers”/)
      else assert.equal(answer.status, status, `${userId} ${request} ${answer.text}`)
    }
  }
})

test('only users who see all customers may choose the salesperson of a customer, and an unsuitable salesperson is refused', async (t) => {
  const demo = await startDemo(t)
  const [noah, manager] = [await signedIn(demo, 4), await signedIn(demo, 5)]
  const before = await snapshotOf(demo.parts)
  for (const salesperson of [1, 4])
    assertProblem(await noah.post('/customers', { ...NEW_CUSTOMER, salesperson }), 403, /^salesperson: /)
  assertProblem(await noah.send('PATCH', '/customers/1', { body: { salesperson: 1 } }), 403, /^salesperson: /)
  for (const salesperson of [6, 99]) {
    assertProblem(await manager.post('/customers', { ...NEW_CUSTOMER, salesperson }), 422, /^salesperson: /)
    assertProblem(await manager.send('PATCH', '/customers/1', { body: { salesperson } }), 422, /^salesperson: /)
  }
  assert.equal(await snapshotOf(demo.parts), before)

  const given = await manager.send('PATCH', '/customers/1', { body: { salesperson: 1 } })
  assert.deepEqual([given.body.salesperson, given.body.salespersonName], [1, 'Ada Marlow'])
  assertProblem(await noah.get('/customers/1'), 404)
  const made = await manager.post('/customers', { ...NEW_CUSTOMER, salesperson: 4 })
  assert.equal((await noah.get(`/customers/${made.body.id}`)).status, 200)
  assert.equal((await manager.post('/customers', NEW_CUSTOMER)).body.salesperson, 5)
})

test('a customer cannot be given to a disabled salesperson, but a change may always name the current salesperson', async (t) => {
  const demo = await startDemo(t)
  const [noah, manager] = [await signedIn(demo, 4), await signedIn(demo, 5)]
  await disableAccount(demo.parts, '3')
  assertProblem(await manager.post('/customers', { ...NEW_CUSTOMER, salesperson: 3 }), 422, /^salesperson: /)
  assertProblem(await manager.send('PATCH', '/customers/1', { body: { salesperson: 3 } }), 422, /^salesperson: /)
  for (const client of [noah, manager]) {
    const { body } = await client.send('PATCH', '/customers/1', { body: { salesperson: 4, city: 'Lyon' } })
    assert.deepEqual([body.salesperson, body.city], [4, 'Lyon'])
  }
  await disableAccount(demo.parts, '4')
  const kept = await manager.send('PATCH', '/customers/1', { body: { salesperson: 4, city: 'Nantes' } })
  assert.deepEqual([kept.status, kept.body.city], [200, 'Nantes'])
})

test('a read-only token changes nothing', async (t) => {
  const demo = await startDemo(t)
  const made = await demo.parts.sessions?.newToken('4', { roles: ['salesperson'], name: 'Report', scope: 'read' })
  const client = await signedIn(demo, 4)
  client.token = made?.token ?? ''
  const before = await snapshotOf(demo.parts)
  assert.equal((await client.get('/customers/1')).status, 200)
  assert.deepEqual((await client.get('/me')).body.token.scope, 'read')
  for (const [method, path, body] of [
    ['POST', '/customers', NEW_CUSTOMER],
    ['PATCH', '/customers/1', { city: 'X' }],
    ['DELETE', '/customers/1', undefined],
    ['PUT', '/session/variables/a', { value: '1' }],
    ['DELETE', '/session/variables/a', undefined],
  ] as const)
    assertProblem(await client.send(method, path, { body }), 403, /This token may only read/)
  assert.equal(await snapshotOf(demo.parts), before)
})

function idOf({ id }: { id: number }): number {
  return id
}
