import assert from 'node:assert/strict'
import { connect } from 'node:net'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { ApiClient, assertProblem, NEW_CUSTOMER, signedIn } from '../support/api-client.ts'
import { startDemo } from '../support/demo.ts'
import { snapshotOf } from '../support/pages.ts'

const GOOD = JSON.stringify(NEW_CUSTOMER)

test('[BEARER-1] [BEARER-3] anything other than a bearer token counts as no token', async (t) => {
  const demo = await startDemo(t)
  const { token } = await signedIn(demo, 4)
  const [ended, expired] = [await signedIn(demo, 4), await signedIn(demo, 4, { idleSeconds: 60 })]
  await ended.post('/signout')
  demo.clock.advance({ seconds: 125 })
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  const cookie = visitor.sessionCookie
  const client = new ApiClient(demo)
  const before = await demo.parts.sessions?.count()
  for (const authorization of [
    `Basic ${Buffer.from('4:crm-demo').toString('base64')}`,
    ...[
      token,
      'Bearer',
      'Bearer ',
      'Bearer null',
      `Bearer ${token} x`,
      `Bearer ${token},`,
      `Token ${token}`,
      `Bearer:${token}`,
    ],
    [`Bearer ${token}`, `Bearer ${token}`],
    ['Basic x', `Bearer ${token}`],
    [`Bearer ${token}`, 'Basic x'],
    ...[`Bearer ${ended.token}`, `Bearer ${expired.token}`, `Bearer ${cookie}`, `Bearer crm_${cookie}`],
    ...[
      `Bearer ${token.replace('crm_', 'other_')}`,
      `Bearer ${token.replace('crm_', '')}`,
      `Bearer ${token.toUpperCase()}`,
    ],
    ...[`Bearer ${token.slice(0, -1)}`, `Bearer ${token}A`, `Bearer ${'x'.repeat(8192)}`],
  ])
    assertProblem(
      await client.get('/me', { Authorization: authorization }),
      401,
      /^Access Denied\. Please sign in first\.$/,
    )
  assert.equal(await demo.parts.sessions?.count(), before)
  assert.equal((await new ApiClient(demo, token).get('/me')).status, 200)
})

test('[BEARER-9] a body that is not JSON of the expected kind is refused with the status that says why', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const before = await snapshotOf(demo.parts)
  const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
  const json = { 'Content-Type': 'application/json' }
  for (const [status, body, headers] of [
    [415, GOOD, { 'Content-Type': 'text/plain' }],
    [415, GOOD, { 'Content-Type': 'text/json' }],
    [415, GOOD, { 'Content-Type': 'application/x-www-form-urlencoded' }],
    [415, GOOD, { 'Content-Type': 'multipart/form-data; boundary=x' }],
    [415, GOOD, { 'Content-Type': 'application/merge-patch+json' }],
    [415, GOOD, { 'Content-Type': undefined }],
    [415, GOOD, { 'Content-Type': 'application/json; charset=utf-16' }],
    [415, gzipSync(GOOD), { ...json, 'Content-Encoding': 'gzip' }],
    [413, JSON.stringify({ name: 'x'.repeat(2 * 1024 * 1024) }), json],
    [413, `${GOOD}${' '.repeat(64 * 1024)}`, json],
    ...[
      '{',
      '',
      '{"name":}',
      `${GOOD},`,
      `${GOOD}${GOOD}`,
      "{'name':'x'}",
      '{"name":NaN}',
      '{"name":undefined}',
      'null',
      '5',
      '"x"',
      '\0',
    ]
      .filter((text) => text !== '')
      .map((text) => [400, text, json] as const),
    [400, Buffer.from('{"name":"\xff\xfe"}', 'latin1'), json],
    [400, Buffer.from('\xfe\xff\0{\0}', 'latin1'), json],
    [422, deep(1000), json],
    [400, '['.repeat(30_000), json],
    [422, `${'['.repeat(30_000)}${']'.repeat(30_000)}`, json],
    [422, GOOD.replace('{', '{"__proto__":{"isAdmin":true},'), json],
    [422, GOOD.replace('{', '{"\\u005f_proto__":{"isAdmin":true},'), json],
    [422, GOOD.replace('{', '{"constructor":{"prototype":{"isAdmin":true}},'), json],
    [422, '{"name":{"prototype":1}}', json],
    [422, deep(5), json],
    [400, Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]), json],
    [422, '[]', json],
    [422, `[${GOOD}]`, json],
    [422, '{}', json],
    [422, '', json],
  ] as const)
    assertProblem(await client.send('POST', '/customers', { body, headers }), status)
  assert.equal(({} as Record<string, unknown>).isAdmin, undefined)
  assert.equal(await snapshotOf(demo.parts), before)
})

test('[BEARER-9] a body without a Content-Length is read only up to the limit', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const chunked = { 'Transfer-Encoding': 'chunked' }
  const body = JSON.stringify({ name: 'x'.repeat(2 * 1024 * 1024) })
  const answer = await client.send('POST', '/customers', { body, headers: chunked })
  assertProblem(answer, 413, /at most 64 kB/)
  assert.equal(answer.headers.connection, 'close')
  assert.equal((await client.send('POST', '/customers', { body: GOOD, headers: chunked })).status, 201)
})

test('[BEARER-9] the error for an invalid field names the field and says what is expected', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const before = await snapshotOf(demo.parts)
  const { name: _name, ...nameless } = NEW_CUSTOMER
  for (const [body, words] of [
    [{ ...nameless, country: 'x'.repeat(61) }, /^name: is required\. country: at most 60 characters\.$/],
    [{ ...NEW_CUSTOMER, name: '   ' }, /^name: must not be empty\.$/],
    [
      { ...NEW_CUSTOMER, name: 5, city: [], phone: {} },
      /^name: must be a text\. city: must be a text\. phone: must be a text\.$/,
    ],
    [{ ...NEW_CUSTOMER, name: null }, /^name: must be a text\.$/],
    [{ ...NEW_CUSTOMER, name: 'a\0b' }, /^name: must not contain control characters or broken characters\.$/],
    [{ ...NEW_CUSTOMER, city: '\udc00' }, /^city: must not contain control characters or broken characters\.$/],
    [{ ...NEW_CUSTOMER, email: 'unknown' }, /^email: must be an e-mail address\.$/],
    [{ ...NEW_CUSTOMER, email: 'a@b.c\r\nBcc: x@y.z' }, /^email: must be an e-mail address\.$/],
    [
      { ...NEW_CUSTOMER, customerSince: '2026-02-30' },
      /^customerSince: must be a day that exists, such as 2026-01-31\.$/,
    ],
    [{ ...NEW_CUSTOMER, salesperson: '4' }, /^salesperson: must be a number\.$/],
    [
      { ...NEW_CUSTOMER, totalPurchase: 1, id: 7, version: 1 },
      /^totalPurchase: is not a field here\. id: .*\. version: .*\.$/,
    ],
    [{ ...NEW_CUSTOMER, ['x '.repeat(250)]: 1 }, /^(x ){30}…: is not a field here\.$/],
    [{ ...NEW_CUSTOMER, '\u202eevil\0\ud800': 1 }, /^�evil��: is not a field here\.$/],
    [Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, 1])), /And \d+ more\.$/],
    ...['a\u202eb', '\u2066a', 'a\u200d', 'a\ufeffb', 'a\u00adb', 'a\u{e0041}'].map(
      (name) =>
        [{ ...NEW_CUSTOMER, name }, /^name: must not contain control characters or broken characters\.$/] as const,
    ),
    ...['\u3164', '\u2800 \u115f', '\u0301', '\ufe0f', '\u034f'].map(
      (name) => [{ ...NEW_CUSTOMER, name }, /^name: must have a visible character\.$/] as const,
    ),
    [[], /^body: must be an object\.$/],
  ] as const)
    assertProblem(await client.post('/customers', body), 422, words)
  assertProblem(
    await client.send('PATCH', '/customers/1', { body: {} }),
    422,
    /^body: name at least one field to change\.$/,
  )
  assert.equal(await snapshotOf(demo.parts), before)
})

test('text may contain emoji and joining characters of any script, and the charset may have any spelling of UTF-8', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  for (const name of ['نامه\u200cها', 'क्\u200dष', '👩\u200d🔧 Works', '👩🏽\u200d🔧', '❤️\u200d🔥', 'a \ufffd b', '✔']) {
    const made = await client.post('/customers', { ...NEW_CUSTOMER, name })
    assert.deepEqual([made.status, made.body.name], [201, name])
  }
  for (const charset of ['utf-8', 'UTF-8', 'utf8', '"utf-8"']) {
    const headers = { 'Content-Type': `application/json; charset=${charset}` }
    assert.equal((await client.send('POST', '/customers', { body: GOOD, headers })).status, 201, charset)
  }
})

test('a response without an ETag is never 304, and no response waits for the rest of an unread body', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  assert.equal((await client.get('/me', { 'If-None-Match': '*' })).status, 200)
  assert.equal((await client.get('/customers/1', { 'If-None-Match': '*' })).status, 304)
  const administrator = await signedIn(demo, 6)
  for (const [answer, status] of [
    [await new ApiClient(demo).post('/customers', NEW_CUSTOMER), 401],
    [await administrator.post('/customers', NEW_CUSTOMER), 403],
    [await client.post('/nowhere', NEW_CUSTOMER), 404],
    [await client.post('/me', NEW_CUSTOMER), 405],
    [await client.send('GET', '/me', { body: '{}' }), 200],
  ] as const)
    assert.deepEqual([answer.status, answer.headers.connection], [status, 'close'])
  for (const answer of [await client.post('/customers', NEW_CUSTOMER), await client.get('/me')])
    assert.equal(answer.headers.connection, 'keep-alive')
})

test('malformed HTTP is answered before it reaches the API, without a body, as documented', async (t) => {
  const demo = await startDemo(t)
  const { description } = (await new ApiClient(demo).get('/openapi.json')).body.info
  for (const [head, status] of [
    [`GET /api/me HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['GET /api/me HTTP/1.1\r\nbroken\r\n\r\n', 400],
  ] as const) {
    const socket = connect(demo.port, '127.0.0.1')
    socket.write(head)
    let answer = ''
    for await (const piece of socket) answer += piece
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} [^]*\\r\\n\\r\\n$`))
    assert.match(description, new RegExp(`\\b${status}\\b`))
  }
})

test('when a body repeats a name, the last value counts, and an unexpected body is ignored', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  const made = await client.send('POST', '/customers', {
    body: GOOD.replace('{', '{"city":"First",').replace('}', ',"city":"Last"}'),
  })
  assert.deepEqual([made.status, made.body.city], [201, 'Last'])
  for (const body of ['{', '{"__proto__":1}', Buffer.from([0xff])])
    for (const [method, path, status] of [
      ['GET', '/me', 200],
      ['POST', '/signout', 200],
    ] as const) {
      const { token } = await signedIn(demo, 4)
      assert.equal((await new ApiClient(demo, token).send(method, path, { body })).status, status)
    }
  assert.equal((await client.send('DELETE', `/customers/${made.body.id}`, { body: '{' })).status, 204)
})

test('[BEARER-9] an unsupported method is refused with a list of the supported methods', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  for (const [path, allow] of [
    ['/customers', 'GET, HEAD, POST, OPTIONS'],
    ['/customers/1', 'GET, HEAD, PATCH, DELETE, OPTIONS'],
    ['/session/variables/a', 'GET, HEAD, PUT, DELETE, OPTIONS'],
    ['/signin', 'POST, OPTIONS'],
    ['/openapi.json', 'GET, HEAD, OPTIONS'],
  ] as const) {
    const options = await client.send('OPTIONS', path)
    assert.deepEqual([options.status, options.headers.allow, options.text], [204, allow, ''], path)
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'TRACE'].filter(
      (name) => !allow.includes(name),
    )) {
      const answer = await client.send(method, path)
      assertProblem(answer, 405)
      assert.equal(answer.headers.allow, allow, `${method} ${path}`)
    }
  }
  const [got, head] = [await client.get('/customers/1'), await client.send('HEAD', '/customers/1')]
  assert.deepEqual([head.status, head.text], [200, ''])
  for (const name of ['content-type', 'content-length', 'etag'])
    assert.equal(head.headers[name], got.headers[name], name)
  assert.equal((await client.send('HEAD', '/customers/999')).status, 404)
  assert.equal((await new ApiClient(demo).send('HEAD', '/me')).status, 401)
})

test('[BEARER-9] an answer is JSON whatever the client accepts', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  for (const accept of ['text/html', 'text/plain', 'application/xml', 'text/html;q=1, application/json;q=0', '*/*'])
    for (const path of ['/me', '/nowhere', '/customers/0'])
      assert.equal(
        (await client.get(path, { Accept: accept })).headers['content-type'],
        'application/json; charset=utf-8',
      )
})

test('[BEARER-9] a server error reveals nothing internal, and its reference is in the log', async (t) => {
  const demo = await startDemo(t)
  const client = await signedIn(demo, 4)
  await demo.parts.database.schema.alterTable('purchases').renameColumn('purchased_on', 'bought_on').execute()
  const answer = await client.get('/customers/1/purchases')
  assertProblem(answer, 500, /^The server failed\. Try again in a moment; the log has this request as [0-9a-f-]{36}\.$/)
  const [requestId = ''] = /[0-9a-f-]{36}/.exec(answer.body.message) ?? []
  assert.equal(answer.headers['x-request-id'], requestId)
  const [line] = demo.log.map((text) => JSON.parse(text)).filter((entry) => entry.requestId === requestId && entry.err)
  assert.match(line.err.stack, /purchased_on/)
  assert.equal(
    demo.log.some((text) => text.includes(client.token)),
    false,
    'a token reached the log',
  )
})
