import assert from 'node:assert/strict'
import test from 'node:test'
import { changeRole, disableAccount, enableAccount } from '../../../src/accounts/index.ts'
import { startDemo } from '../../support/demo.ts'
import { callWith, makeToken, tokenOn, tokensOf } from '../../support/tokens.ts'

test('disabling an account revokes its tokens, and enabling it does not restore them', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const token = tokenOn(await makeToken(ada))
  await disableAccount(demo.parts, '1')
  assert.equal((await callWith(demo, token)).status, 401)
  await enableAccount(demo.parts, '1')
  assert.equal((await callWith(demo, token)).status, 401)
  await ada.logInWell(1)
  assert.deepEqual(await tokensOf(ada), [])
})

test('changing the role of an account revokes its tokens', async (t) => {
  const demo = await startDemo(t)
  const helen = demo.visitor()
  await helen.logInWell(5)
  const token = tokenOn(await makeToken(helen))
  await changeRole(demo.parts, '5', 'salesperson')
  assert.equal((await callWith(demo, token)).status, 401)
})

test('an account that is disabled while a token is created gets no token', async (t) => {
  const demo = await startDemo(t)
  const { sessions } = demo.parts
  assert.ok(sessions)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const stop = sessions.on('created', ({ kind }) => {
    if (kind === 'rest') disabled = disableInDatabase()
  })
  let disabled: Promise<unknown> | undefined
  const disableInDatabase = () =>
    demo.parts.database.updateTable('sales_persons').set({ active: 0 }).where('user_id', '=', 1).execute()
  const answer = await makeToken(ada)
  stop()
  await disabled
  assert.equal(answer.status, 403)
  assert.match(answer.text, /no token was made/)
  assert.equal(await sessions.count({ userId: '1', kind: 'rest' }), 0)
})

test('logging out does not revoke API tokens', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const token = tokenOn(await makeToken(ada))
  await ada.logOut()
  assert.equal((await callWith(demo, token)).status, 200)
})

test('a read-only token cannot write', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const put = (token: string) =>
    callWith(demo, token, '/api/session/variables/theme', {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ value: 'dark' }),
    })
  assert.equal((await put(tokenOn(await makeToken(ada, { scope: 'read' })))).status, 403)
  assert.equal((await put(tokenOn(await makeToken(ada, { scope: 'read-write' })))).status, 200)
})
