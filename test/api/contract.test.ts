import assert from 'node:assert/strict'
import test from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { type ApiAnswer, ApiClient, NEW_CUSTOMER, signedIn } from '../support/api-client.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { snapshotOf } from '../support/pages.ts'
import type { Scope } from '../support/process.ts'

interface Operation {
  method: string
  path: string
  operationId: string
  security?: object[]
  parameters: { name: string; in: string; schema: object }[]
  requestBody?: object
  responses: Record<string, { headers?: Record<string, object>; content?: object }>
}

const GOOD: Record<string, { params?: Record<string, string>; query?: string; body?: object; status: number }> = {
  testPage: { status: 200 },
  signIn: { body: { username: '4', password: 'crm-demo', idleSeconds: 600 }, status: 200 },
  me: { status: 200 },
  topCustomers: { status: 200 },
  listCustomers: { query: '?limit=3&sort=total&search=a', status: 200 },
  listPurchases: { params: { id: '1' }, query: '?limit=2', status: 200 },
  createCustomer: { body: NEW_CUSTOMER, status: 201 },
  readCustomer: { params: { id: '1' }, status: 200 },
  changeCustomer: { params: { id: '1' }, body: { ...NEW_CUSTOMER, customerSince: '2024-02-29' }, status: 200 },
  removeCustomer: { params: { id: '2' }, status: 204 },
  setVariable: { params: { name: 'theme' }, body: { value: 'dark' }, status: 200 },
  readVariable: { params: { name: 'theme' }, status: 200 },
  listVariables: { status: 200 },
  removeVariable: { params: { name: 'theme' }, status: 204 },
  signOut: { status: 200 },
}

test('every documented operation answers as documented, with and without a token', async (t) => {
  const { demo, operations, check } = await startWithContract(t)
  assert.deepEqual(Object.keys(GOOD).toSorted(), operations.map(({ operationId }) => operationId).toSorted())
  const client = await signedIn(demo, 4)
  const guest = new ApiClient(demo)
  for (const [name, { status, body }] of Object.entries(GOOD)) {
    const operation = operationOf(operations, name)
    const guarded = operation.security === undefined
    const without = await guest.send(operation.method, addressOf(operation), { body })
    check(operation, without)
    assert.equal(without.status, guarded ? 401 : status, name)
    const answer = await client.send(operation.method, addressOf(operation), { body })
    check(operation, answer)
    assert.equal(answer.status, status, `${name} ${answer.text}`)
  }
})

test('errors are answered as documented: missing rights, unknown ids, wrong versions and wrong formats', async (t) => {
  const { demo, operations, check } = await startWithContract(t)
  const [client, administrator] = [await signedIn(demo, 4), await signedIn(demo, 6)]
  for (const { method, path, ...operation } of operations) {
    if (operation.operationId === 'signOut') continue
    const asked = { ...operation, method, path }
    const { body } = GOOD[operation.operationId] ?? {}
    for (const [who, address, more] of [
      [administrator, addressOf(asked), {}],
      [client, addressOf(asked, '999999'), {}],
      [client, `${addressOf(asked)}?unknown=1`, {}],
      [client, addressOf(asked), { headers: { 'If-Match': '"1", W/"2"' } }],
      [client, addressOf(asked), { headers: { 'If-Match': 'x' } }],
      [client, addressOf(asked), { headers: { 'Content-Type': 'text/plain' } }],
      [client, addressOf(asked), { body: '{' }],
      [client, addressOf(asked), { body: ' '.repeat(70_000) }],
    ] as const)
      check(asked, await who.send(method, address, { body, ...more }))
  }
  const read = operationOf(operations, 'readCustomer')
  const { etag } = (await client.get('/customers/1')).headers
  const fresh = await client.get('/customers/1', { 'If-None-Match': etag })
  assert.equal(fresh.status, 304)
  check(read, fresh)
})

test('hostile bodies are refused by every operation that takes one, and change nothing', async (t) => {
  const { demo, operations, check } = await startWithContract(t)
  const client = await signedIn(demo, 5)
  const before = await snapshotOf(demo.parts)
  for (const operation of operations.filter(({ requestBody }) => requestBody !== undefined)) {
    const good = GOOD[operation.operationId]?.body ?? {}
    await fc.assert(
      fc.asyncProperty(hostileBody(good), async (body) => {
        const answer = await client.send(operation.method, addressOf(operation), { body })
        assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} for ${body}`)
        check(operation, answer)
      }),
      { numRuns: 150 },
    )
    assert.equal(await snapshotOf(demo.parts), before, operation.operationId)
  }
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('hostile path parameters are refused by every operation that takes one, and change nothing', async (t) => {
  const { demo, operations, check } = await startWithContract(t)
  const client = await signedIn(demo, 5)
  const before = await snapshotOf(demo.parts)
  const hostile = hostileText().filter((text) => !/^[1-9]\d{0,8}$/.test(text))
  for (const operation of operations.filter(({ path }) => path.includes('{')))
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const isVariable = operation.path.includes('{name}')
        fc.pre(!isVariable || !/^[\w.-]{1,64}$/.test(text) || ['.', '..', '__proto__'].includes(text))
        const { body } = GOOD[operation.operationId] ?? {}
        // As a path segment, these texts would change the path.
        const inPath = ['', '.', '..'].includes(text) ? '%00' : encodeURIComponent(text)
        const answer = await client.send(operation.method, addressOf(operation, inPath), { body })
        assert.equal(answer.status, 404, `${operation.operationId} ${JSON.stringify(text)}: ${answer.text}`)
        check(operation, answer)
      }),
      { numRuns: 100 },
    )
  assert.equal(await snapshotOf(demo.parts), before)
  assert.deepEqual((await client.get('/session/variables')).body, { variables: {} })
})

test('a hostile query parameter is refused with its name or matches no customer, and changes nothing', async (t) => {
  const { demo, operations, check } = await startWithContract(t)
  demo.parts.usageLimit.countSearch = async () => {}
  const client = await signedIn(demo, 5)
  const before = await snapshotOf(demo.parts)
  const isFine: Record<string, RegExp> = {
    limit: /^(0*([1-9]\d?|100))?$/,
    sort: /^(name(-desc)?|(total|since)(-asc)?)?$/,
    after: /^$/,
  }
  for (const operation of operations)
    for (const { name } of operation.parameters.filter((one) => one.in === 'query'))
      await fc.assert(
        fc.asyncProperty(hostileText(), async (text) => {
          const address = addressOf(operation).replace(/\?.*/, '')
          const answer = await client.send(operation.method, `${address}?${name}=${encodeURIComponent(text)}`)
          check(operation, answer)
          if (answer.status === 422) assert.match(answer.body.message, new RegExp(`^${name}: `))
          else assert.equal(answer.status, 200, `${name}=${JSON.stringify(text)}: ${answer.text}`)
          if (name in isFine) assert.equal(answer.status === 200, isFine[name]?.test(text), `${name}=${text}`)
          else if (text.trim() !== '' && answer.status === 200) assert.notEqual(answer.body.count, 252, text)
        }),
        { numRuns: 150 },
      )
  assert.equal(await snapshotOf(demo.parts), before)
})

test('an unknown parameter is refused by its name', async (t) => {
  const { demo, operations, check } = await startWithContract(t)
  const client = await signedIn(demo, 5)
  const before = await snapshotOf(demo.parts)
  for (const operation of operations.filter(({ operationId }) => operationId !== 'signOut'))
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 40 }), async (name) => {
        const { body } = GOOD[operation.operationId] ?? {}
        const address = addressOf(operation).replace(/\?.*/, '')
        const answer = await client.send(operation.method, `${address}?x${encodeURIComponent(name)}=1`, { body })
        assert.equal(answer.status, 422, answer.text)
        assert.match(answer.body.message, /^x.*: is not a field here\.$/s)
        check(operation, answer)
      }),
      { numRuns: 20 },
    )
  assert.equal(await snapshotOf(demo.parts), before)
})

test('the OpenAPI description defines each operation once, and every reference leads to a definition', async (t) => {
  const { document, operations } = await startWithContract(t)
  const names = operations.map(({ operationId }) => operationId)
  assert.equal(new Set(names).size, names.length)
  assert.match(document.openapi, /^3\.1\./)
  for (const [, reference = ''] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = reference
      .split('/')
      .reduce<unknown>((part, name) => (part as Record<string, unknown>)?.[name], document)
    assert.ok(found, reference)
  }
  assert.deepEqual(document.components.securitySchemes.bearer.scheme, 'bearer')
  assert.doesNotMatch(JSON.stringify(document), /localhost|127\.0\.0\.1|crm-demo/)
})

async function startWithContract(scope: Scope) {
  const demo: Demo = await startDemo(scope)
  const { body: document } = await new ApiClient(demo).get('/openapi.json')
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  ajv.addFormat('date', /^\d{4}-\d\d-\d\d$/)
  ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  ajv.addFormat('email', /^[^\s@]+@[^\s@]+$/)
  ajv.addFormat('password', true)
  ajv.addSchema(document, 'openapi')
  const paths = document.paths as Record<string, Record<string, Omit<Operation, 'method' | 'path'>>>
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]): Operation => ({ ...operation, method: method.toUpperCase(), path }),
    ),
  )

  /** Checks that the documentation describes the status, the body and the headers of this answer. */
  const check = ({ path, method, operationId, responses }: Operation, answer: ApiAnswer): void => {
    const response = responses[answer.status]
    assert.ok(response, `${operationId} answered ${answer.status}, which is not documented: ${answer.text}`)
    for (const name of Object.keys(response.headers ?? {}))
      assert.ok(answer.headers[name.toLowerCase()], `${operationId} ${answer.status} has no ${name}`)
    if (response.content === undefined) {
      assert.equal(answer.text, '')
      return
    }
    const place = [
      'paths',
      path,
      method.toLowerCase(),
      'responses',
      String(answer.status),
      'content',
      'application/json',
      'schema',
    ]
    const validate = ajv.getSchema(`openapi#/${place.map(escapePointer).join('/')}`)
    assert.ok(validate, `no schema for ${operationId} ${answer.status}`)
    assert.ok(
      validate(answer.body),
      `${operationId} ${answer.status}: ${ajv.errorsText(validate.errors)}\n${answer.text}`,
    )
  }
  return { demo, document, operations, check }
}

/** Texts of any characters, including invalid UTF-16, and values that are almost valid. */
function hostileText(): fc.Arbitrary<string> {
  const close = [
    '0',
    '01',
    '1e1',
    '-1',
    '+1',
    '1.0',
    ' 1',
    '１',
    '101',
    'null',
    'Name',
    '[]',
    '%',
    '_',
    '\\',
    "' or 1=1 --",
    '\u0301',
  ]
  return fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 90 }), fc.constantFrom(...close))
}

/** Any JSON, a valid body with one field changed or added, or text that is not JSON. */
function hostileBody(good: object): fc.Arbitrary<string> {
  const bad = fc.constantFrom(
    ...['[]', '{}', 'null', 'true', '""', '"a\\u0000b"', '"\\ud800"', '1e400', '-1e400', '0.5', 'NaN'],
  )
  const spoilt = fc.oneof(
    bad,
    fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify([value])),
    fc.constant(JSON.stringify('x'.repeat(5000))),
    fc.constant('{"__proto__":{"polluted":true}}'),
  )
  const entries = Object.entries(good).map(([name, value]) => [JSON.stringify(name), JSON.stringify(value)] as const)
  const write = (pairs: readonly (readonly [string, string])[]) => `{${pairs.map((pair) => pair.join(':')).join(',')}}`
  const oneSpoilt = fc
    .tuple(fc.nat({ max: entries.length - 1 }), spoilt)
    .map(([index, value]) => write(entries.map(([name, old], at) => [name, at === index ? value : old])))
  const oneTooMany = fc
    .tuple(fc.oneof(fc.constantFrom('__proto__', 'constructor', 'polluted'), fc.string({ minLength: 1 })), spoilt)
    .filter(([name]) => !/^(idleSeconds|customerSince|salesperson)$/.test(name) && !(name in good))
    .map(([name, value]) => write([...entries, [JSON.stringify(name), value]]))
  const anything = fc.oneof(
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.string(),
  )
  return fc.oneof(oneSpoilt, oneTooMany, anything)
}

function operationOf(operations: readonly Operation[], name: string): Operation {
  const found = operations.find(({ operationId }) => operationId === name)
  assert.ok(found, name)
  return found
}

function addressOf({ operationId, path }: Operation, inPath?: string): string {
  const { params = {}, query = '' } = GOOD[operationId] ?? {}
  const address = path.replace(/\{(\w+)\}/g, (_, name) => inPath ?? params[name] ?? '')
  return inPath === undefined ? address + query : address
}

function escapePointer(name: string): string {
  return encodeURIComponent(name.replace(/~/g, '~0').replace(/\//g, '~1'))
}
