import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import { makeApiToken } from '../../src/accounts/api-tokens.js'
import { startDemo } from '../support/demo.js'
import { sessionIdOf } from '../support/pages.js'
import { formOn } from '../support/tokens.js'

const PAGE = '/account/tokens'
const GOOD = { name: 'Report', days: '30', scope: 'read' }

test('a token whose owner cannot be looked at again is taken back, and the fault that is told is that one', async (t) => {
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
    await assert.rejects(makeApiToken(parts, '1', wanted, { device: null, address: '127.0.0.1' }), /sales_persons/)
    await database.schema.alterTable('elsewhere').renameTo('sales_persons').execute()
    assert.equal(await sessions.count({ userId: '1', kind: 'rest', via: 'token' }), left)
  }
  assert.equal(demo.log.filter((line) => JSON.parse(line).event === 'undo.failed').length, 1)
})

test('a form that failed on our side may be sent again', async (t) => {
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

test('a session remembers the newest twenty forms, and not every one that was ever sent', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const forms = Array.from({ length: 25 }, () => randomUUID())
  for (const once of forms) await ada.post(PAGE, { ...GOOD, once })
  const storage = await demo.parts.sessions?.storage(sessionIdOf(ada))
  assert.deepEqual(storage?.spentForms, forms.slice(-20))
  assert.equal((await ada.post(PAGE, { ...GOOD, once: forms.at(-1) ?? '' })).status, 409)
})
