import assert from 'node:assert/strict'
import { once } from 'node:events'
import test, { type TestContext } from 'node:test'
import { accounts, changeRole, disableAccount, enableAccount, setPassword } from '../../../src/accounts/index.ts'
import { makeApiToken } from '../../../src/accounts/own-account/api-tokens.ts'
import { hasStampOf } from '../../../src/accounts/people/security-stamp.ts'
import { Problem } from '../../../src/web/problem.ts'
import { STORES } from '../../session/support/layer.ts'
import { ApiClient } from '../../support/api-client.ts'
import { barrier } from '../../support/barrier.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { devicesOf } from '../../support/devices.ts'
import { sessionIdOf } from '../../support/pages.ts'
import { newestLink, signedUpCustomer, userOf } from '../../support/sign-up.ts'
import { callWith, everyWayIn, tokensOf } from '../../support/tokens.ts'
import { startTroubledDemo } from '../../support/troubled-demo.ts'
import { troubledStore } from '../../support/troubled-store.ts'
import type { Visitor } from '../../support/visitor.ts'

const PAGE = '/account/sessions'
const NEW = 'four unusual words here'
const ORIGIN = { requestId: '', address: 'the server', device: null }

for (const [name, open] of Object.entries(STORES)) {
  const start = async (t: TestContext) => {
    const trouble = troubledStore(open())
    const demo = await startDemo(t, {}, { store: trouble.store })
    const withoutEnds = async (change: () => Promise<unknown>) => {
      trouble.trouble('fails', 'end', 'endMany', 'detach')
      await change()
      trouble.mend()
    }
    return { demo, trouble, withoutEnds }
  }

  test(`[PEOPLE-7] if no session can end while an account changes, its sessions, devices, tokens and links are refused afterwards, on ${name}`, async (t) => {
    const { demo, withoutEnds } = await start(t)
    const { parts } = demo
    const isFailure = (error: unknown) => error instanceof Problem && error.status === 503
    const changes: Record<string, () => Promise<unknown>> = {
      'the same role': () => assert.rejects(changeRole(parts, '1', 'salesperson'), isFailure),
      'disabled and enabled': async () => {
        await assert.rejects(disableAccount(parts, '1'), isFailure)
        await enableAccount(parts, '1')
      },
      'a new password': async () => setPassword(parts, await adaIn(demo), 'crm-demo', ORIGIN),
    }
    for (const [what, change] of Object.entries(changes)) {
      const assertOut = await waysIn(demo)
      await withoutEnds(change)
      await assertOut(what)
    }
  })

  test(`[PEOPLE-8] if no session can end while users change their password or address, only the device in use stays signed in, on ${name}`, async (t) => {
    const { demo, withoutEnds } = await start(t)
    const own = async () => {
      const [ada, joined] = [demo.visitor(), demo.visitor()]
      await ada.logInWell(1)
      await joined.get(`${PAGE}?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(ada))}`)
      assert.equal((await joined.get(PAGE)).status, 200)
      return [ada, joined] as const
    }
    const assertOnly = async (
      ada: Visitor,
      joined: Visitor,
      assertOut: (what: string) => Promise<void>,
      what: string,
    ) => {
      assert.equal((await joined.get(PAGE)).status, 303, what)
      await assertOut(what)
      assert.equal((await ada.get(PAGE)).status, 200, what)
    }

    const [ada, joined] = await own()
    assert.equal((await ada.post('/account/email', { email: 'ada@new.example', password: 'crm-demo' })).status, 303)
    await demo.parts.mail.tick()
    const link = await newestLink(demo, 'ada@new.example')
    const assertOut = await waysIn(demo)
    await withoutEnds(async () => assert.equal((await ada.get(link)).status, 303))
    await assertOnly(ada, joined, assertOut, 'a new address')

    const [again, joinedAgain] = await own()
    const assertOutAgain = await waysIn(demo)
    const fields = { password: 'crm-demo', newPassword: NEW }
    await withoutEnds(async () => assert.equal((await again.post('/account/password', fields)).status, 303))
    await assertOnly(again, joinedAgain, assertOutAgain, 'a new password')
    assert.equal((await ada.get(PAGE)).status, 303)
  })

  test(`[PEOPLE-9] a login with the old password during a reset opens no session, even if the store cannot end it, on ${name}`, async (t) => {
    const { demo, trouble } = await start(t)
    const { parts } = demo
    const verify = parts.passwords.verify.bind(parts.passwords)
    parts.passwords.verify = async (password, hash) => {
      const isRight = await verify(password, hash)
      await setPassword(parts, await adaIn(demo), NEW, ORIGIN)
      trouble.trouble('fails', 'end', 'endMany', 'detach')
      return isRight
    }
    const thief = demo.visitor()
    assert.equal((await thief.logIn(1)).status, 503)
    trouble.mend()
    assert.notEqual(thief.sessionCookie, '')
    assert.equal((await thief.get('/customers')).status, 303)
  })
}

test('[PEOPLE-8] a store that cannot rotate the cookie leaves the password unchanged, and the user signed in', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  trouble.trouble('fails', 'rotate')
  assert.equal((await ada.post('/account/password', { password: 'crm-demo', newPassword: NEW })).status, 503)
  trouble.mend()
  assert.equal((await ada.get(PAGE)).status, 200)
  await demo.visitor().logInWell(1)
})

test('[PEOPLE-8] a form with a new password that is sent twice at once leaves the user signed in', async (t) => {
  const demo = await startDemo(t)
  const { passwords } = demo.parts
  const ada = demo.visitor()
  await ada.logInWell(1)
  const hash = passwords.hash.bind(passwords)
  const both = barrier(2)
  passwords.hash = async (password) => {
    const hashed = await hash(password)
    await both()
    return hashed
  }
  const send = () => ada.copy().post('/account/password', { password: 'crm-demo', newPassword: NEW })
  const answers = await Promise.all([send(), send()])
  // The second answer depends on whether the first change is stored by then.
  for (const { status } of answers) assert.ok([303, 409].includes(status), String(status))
  const cookies = answers.flatMap(({ setCookies }) => setCookies).filter((cookie) => cookie.startsWith('4DSID_'))
  assert.equal(cookies.length, 1, 'only the request that changed the password sets a cookie')
  const [name = '', value = ''] = (cookies[0] ?? '').split(';')[0]?.split('=') ?? []
  ada.cookies.set(name, value)
  assert.equal((await ada.get(PAGE)).status, 200)
})

test('[PEOPLE-8] a page that another tab loads while the password changes does not end the session', async (t) => {
  const demo = await startDemo(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const steps = new EventTarget()
  const [arrived, changed] = [once(steps, 'arrived'), once(steps, 'changed')]
  const findById = accounts.findById.bind(accounts)
  t.mock.method(
    accounts,
    'findById',
    async (...wanted: Parameters<typeof findById>) => {
      steps.dispatchEvent(new Event('arrived'))
      await changed
      return findById(...wanted)
    },
    { times: 1 },
  )
  const page = ada.copy().get('/customers')
  await arrived
  assert.equal((await ada.post('/account/password', { password: 'crm-demo', newPassword: NEW })).status, 303)
  steps.dispatchEvent(new Event('changed'))
  assert.equal((await page).status, 303)
  assert.equal((await ada.get(PAGE)).status, 200)
})

test('[PEOPLE-7] the sessions and tokens that a failed store has kept are on no list, and end with their next call', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t)
  const { parts } = demo
  const [program, unused] = [new ApiClient(demo), new ApiClient(demo)]
  await program.signIn('1')
  await unused.signIn('1')
  const { token, laptop } = await everyWayIn(demo)
  assert.equal((await tokensOf(laptop)).length, 1)
  trouble.trouble('fails', 'end', 'endMany', 'detach')
  await setPassword(parts, await adaIn(demo), 'crm-demo', ORIGIN)
  assert.equal((await program.get('/me')).status, 401)
  trouble.mend()
  const before = (await parts.sessions?.count({ userId: '1' })) ?? 0
  assert.equal((await program.get('/me')).status, 401)
  assert.equal(await parts.sessions?.count({ userId: '1' }), before - 1)

  const ada = demo.visitor()
  await ada.logInWell(1)
  assert.deepEqual(await tokensOf(ada), [])
  assert.equal((await devicesOf(ada)).length, 1)
  assert.equal(await parts.sessions?.count({ userId: '1' }), 1)
  assert.equal((await callWith(demo, token)).status, 401)
})

test('[PEOPLE-10] a session from before the migration is valid until its account changes', async (t) => {
  const demo = await startDemo(t)
  const before = await adaIn(demo)
  assert.equal(hasStampOf({ storage: {} }, before), true)
  await changeRole(demo.parts, '1', 'salesperson')
  assert.equal(hasStampOf({ storage: {} }, await adaIn(demo)), false)
})

test('[PEOPLE-7] each change of an account stores a new security stamp, and a password change with an old stamp fails', async (t) => {
  const demo = await startDemo(t)
  const { database } = demo.parts
  await signedUpCustomer(demo)
  const customer = await userOf(demo, 'ana@example.com')
  for (const userId of ['1', String(customer?.id)]) {
    const read = async () => (await accounts.findById(database, userId)) ?? assert.fail(userId)
    const before = await read()
    assert.equal(await accounts.replacePassword(database, before, 'first', 'a'), true)
    assert.equal(await accounts.replacePassword(database, before, 'second', 'b'), false)
    const { passwordHash, securityStamp } = await read()
    assert.deepEqual([passwordHash, securityStamp], ['first', 'a'])
    await accounts.setEmail(database, before, `${userId}@new.example`, 'c')
    assert.equal((await read()).securityStamp, 'c')
    for (const active of [0, 1] as const) await accounts.setActive(database, userId, active, `active ${active}`)
    assert.equal((await read()).securityStamp, 'active 1')
  }
})

test('[PEOPLE-7] a session whose account has changed during the request makes no API token', async (t) => {
  const { parts } = await startDemo(t)
  const { database, log, sessions } = parts
  assert.ok(sessions)
  const wanted = { name: 'Report', scope: 'read', days: 30 } as const
  const user = { userId: '1', session: { storage: { securityStamps: ['before'] } } }
  assert.deepEqual(await makeApiToken({ database, log, sessions }, user, wanted, ORIGIN), { is: 'account-changed' })
  assert.equal(await sessions.count(), 0)
})

/** Opens every way in of user 1. Returns a check that all are closed, and that the browsers show the reason. */
async function waysIn(demo: Demo): Promise<(what: string) => Promise<void>> {
  const { laptop, phone, token, link } = await everyWayIn(demo)
  const program = new ApiClient(demo)
  await program.signIn('1')
  assert.equal((await callWith(demo, token)).status, 200)
  assert.equal((await program.get('/me')).status, 200)
  return async (what) => {
    assert.equal((await program.get('/me')).status, 401, what)
    assert.equal((await demo.visitor().get(`${PAGE}?$4DSID=${link}`)).status, 303, what)
    assert.equal((await callWith(demo, token)).status, 401, what)
    for (const device of [laptop, phone]) {
      const page = await device.follow(await device.get(PAGE))
      assert.match(page.text, /Your account was changed/, what)
      assert.equal((await device.get(PAGE)).status, 303, what)
    }
  }
}

async function adaIn({ parts }: Demo) {
  return (await accounts.findById(parts.database, '1')) ?? assert.fail('no account')
}
