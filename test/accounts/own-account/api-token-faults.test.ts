import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import { makeApiToken } from '../../../src/accounts/own-account/api-tokens.ts'
import { startDemo } from '../../support/demo.ts'
import { IPHONE } from '../../support/devices.ts'
import { sessionIdOf } from '../../support/pages.ts'
import { formOn, tokensOf } from '../../support/tokens.ts'

const PAGE = '/account/tokens'
const GOOD = { name: 'Report', days: '30', scope: 'read' }

test('a new token is revoked if the second check of its owner fails with an error, and that error is reported', async (t) => {
  const demo = await startDemo(t)
  const { database, sessions } = demo.parts
  assert.ok(sessions)
  const wanted = { name: 'Report', scope: 'read', days: 7 } as const
  const newToken: typeof sessions.newToken = async (...asked) => {
    const made = await sessions.newToken(...asked)
    await database.schema.alterTable('sales_persons').renameTo('elsewhere').execute()
    return made
  }
  const down = async () => assert.fail('the store is down')
  for (const [end, left] of [
    [sessions.end, 0],
    [down, 1],
  ] as const) {
    const parts = { ...demo.parts, sessions: { ...sessions, newToken, end } }
    await assert.rejects(
      makeApiToken(parts, { userId: '1', session: { storage: {} } }, wanted, {
        requestId: 'r',
        device: null,
        address: '127.0.0.1',
      }),
      /sales_persons/,
    )
    await database.schema.alterTable('elsewhere').renameTo('sales_persons').execute()
    assert.equal(await sessions.count({ userId: '1', kind: 'rest', via: 'token' }), left)
  }
  assert.equal(demo.log.filter((line) => JSON.parse(line).event === 'undo.failed').length, 1)
})

test('a form may be sent again after a server error', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const once = formOn(await ada.get(PAGE))
  const { schema } = demo.parts.database
  await schema.alterTable('sales_persons').renameTo('elsewhere').execute()
  assert.equal((await ada.post(PAGE, { ...GOOD, once })).status, 500)
  await schema.alterTable('elsewhere').renameTo('sales_persons').execute()
  assert.equal((await ada.post(PAGE, { ...GOOD, once })).status, 200)
  assert.equal((await ada.post(PAGE, { ...GOOD, once })).status, 409)
})

test('a session remembers the form tokens of the twenty newest forms only', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const forms = Array.from({ length: 25 }, () => randomUUID())
  for (const once of forms) {
    await ada.post(PAGE, { ...GOOD, once })
    await demo.parts.sessions?.endMany({ userId: '1', kind: 'rest' }, 'revoked')
  }
  const storage = await demo.parts.sessions?.storage(sessionIdOf(ada))
  assert.deepEqual(storage?.consumedForms, forms.slice(-20))
  assert.equal((await ada.post(PAGE, { ...GOOD, once: forms.at(-1) ?? '' })).status, 409)
})

test('a token is revoked when its user is signed out while the token is created', async (t) => {
  const demo = await startDemo(
    t,
    {},
    {
      sessions: (real) => ({
        ...real,
        async newToken(...asked) {
          const made = await real.newToken(...asked)
          await real.end(sessionIdOf(ada), 'revoked')
          return made
        },
      }),
    },
  )
  const ada = demo.visitor()
  await ada.logInWell(1)
  const once = formOn(await ada.get(PAGE))
  const answer = await ada.post(PAGE, { ...GOOD, once })
  assert.equal(answer.status, 403)
  assert.match(answer.text, /signed out meanwhile/)
  assert.equal(await demo.parts.sessions?.count({ userId: '1' }), 0)
})

test('the audit trail records by which user and from where a token was revoked', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  await ada.post(PAGE, { ...GOOD, once: formOn(await ada.get(PAGE)) })
  const [row] = await tokensOf(ada)
  await ada.post(String(row?.revoke), {}, { 'User-Agent': IPHONE })
  await demo.parts.audit.written()
  const rows = await demo.parts.database.selectFrom('audit_events').selectAll().orderBy('id', 'desc').execute()
  const told = rows.find(({ event, device }) => event !== 'sign-in' && device === IPHONE)
  assert.deepEqual([told?.user_id, told?.address], ['1', '127.0.0.1'], JSON.stringify(rows.slice(0, 2)))
})
