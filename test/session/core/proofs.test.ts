import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requireRecentLogin } from '../../../src/session/koa/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { type Handler, type LayerSession, PAGES, STORES, startLayer } from '../support/layer.ts'

const ANA = { userName: 'Ana Lima', userId: '4', privileges: 'viewCustomers' }
const BEN = { userName: 'Ben Ode', userId: '5', privileges: 'viewCustomers' }
const gated = requireRecentLogin({ withinMinutes: 15, proof: 'passkey', confirmPath: '/passkey' })

const PROOF_PAGES: Record<string, Handler> = {
  ...PAGES,
  '/login': (session, { query }) => session.setPrivileges(ANA, { login: true, ...proofIn(query) }),
  '/login-as-ben': (session) => session.setPrivileges(BEN, { login: true, proof: 'passkey' }),
  '/become-ben': (session) => session.setPrivileges(BEN, { login: false }),
  '/visit-and-login': async (session) => {
    await session.use((storage) => {
      storage.cart = 'tea'
    })
    await session.setPrivileges(ANA, { login: true, proof: 'password' })
    return { cart: session.storage.cart, ...agesOf(session) }
  },
  '/confirm': (session, { query }) => session.renew({ login: true, ...proofIn(query) }),
  '/rotate': (session) => session.renew({ others: 'end' }),
  '/secure': (session) => session.secureSession(),
  '/gain': (session) => session.setPrivileges('viewCustomers,audit'),
  '/proofs': (session) => agesOf(session),
  '/sensitive': async (_session, ctx) => {
    let passed = false
    await gated(ctx, async () => {
      passed = true
    })
    return passed ? 'done' : undefined
  },
}

function proofIn({ proof }: Record<string, unknown>): { proof?: string } {
  return proof === undefined ? {} : { proof: String(proof) }
}

/** Each proof with its time in minutes since 1970, and the newest authentication. */
function agesOf({ proofs, authenticatedAt }: LayerSession) {
  const minutes = Object.entries(proofs).map(([name, date]) => [name, date.getTime() / 60_000])
  return { proofs: Object.fromEntries(minutes), newest: authenticatedAt && authenticatedAt.getTime() / 60_000 }
}

for (const [store, open] of Object.entries(STORES)) {
  test(`[PROOF-1] [PROOF-2] a device keeps each proof with its own age, over rotations of the cookie and of the session ID, on the ${store} store`, async (t) => {
    const { visitor, clock } = await startLayer(t, PROOF_PAGES, { store: open() })
    const minute = () => clock.now() / 60_000
    const ana = visitor()
    const password = minute()
    await ana.get('/login?proof=password')
    assert.deepEqual(await ana.read('/proofs'), { proofs: { password }, newest: password })
    clock.advance({ minutes: 10 })
    const passkey = minute()
    await ana.get('/confirm?proof=passkey')
    for (const path of ['/proofs', '/rotate', '/secure', '/gain']) {
      await ana.get(path)
      assert.deepEqual(await ana.read('/proofs'), { proofs: { password, passkey }, newest: passkey }, path)
    }
    clock.advance({ minutes: 10 })
    await ana.get('/confirm')
    assert.deepEqual(await ana.read('/proofs'), { proofs: { password, passkey }, newest: minute() }, 'without a name')
    await ana.get('/login?proof=password')
    assert.deepEqual(await ana.read('/proofs'), { proofs: { password: minute(), passkey }, newest: minute() })
  })

  test(`[PROOF-3] a device that a link added has no proof, and its own proof counts only there, on the ${store} store`, async (t) => {
    const { visitor, manager } = await startLayer(t, PROOF_PAGES, { store: open() })
    const ana = visitor()
    await ana.get('/login?proof=password')
    const { id } = await ana.read('/read')
    const phone = visitor()
    await phone.read(`/read?$4DSID=${await manager.createOTP(id)}`)
    assert.deepEqual(await phone.read('/proofs'), { proofs: {}, newest: null })
    await phone.get('/confirm?proof=passkey')
    const [there, here] = [await phone.read('/proofs'), await ana.read('/proofs')]
    assert.deepEqual([Object.keys(there.proofs), Object.keys(here.proofs)], [['passkey'], ['password']])
  })

  test(`[PROOF-4] the proofs of one user never count for another user of the browser, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, PROOF_PAGES, { store: open() })
    const browser = visitor()
    for (const path of ['/login-as-ben', '/become-ben']) {
      await browser.get('/login?proof=password')
      await browser.get('/confirm?proof=totp')
      await browser.get(path)
      const { proofs } = await browser.read('/proofs')
      assert.deepEqual(Object.keys(proofs), path === '/become-ben' ? [] : ['passkey'], path)
    }
    await browser.get('/logout')
    assert.deepEqual((await browser.read('/proofs')).proofs, {}, 'a guest')
  })
}

test('[PROOF-1] a login in the request that began the session stores its proof, and keeps what this request wrote', async (t) => {
  const { visitor, clock } = await startLayer(t, PROOF_PAGES)
  const ana = visitor()
  const now = clock.now() / 60_000
  const first = await ana.get('/visit-and-login')
  assert.equal(first.setCookies.length, 1)
  assert.deepEqual(JSON.parse(first.text), { cart: 'tea', proofs: { password: now }, newest: now })
  assert.deepEqual(await ana.read('/proofs'), { proofs: { password: now }, newest: now })
})

test('[PROOF-5] a page that needs a recent passkey refuses a recent password, and a passkey that is too old', async (t) => {
  const { visitor, clock } = await startLayer(t, PROOF_PAGES)
  const ana = visitor()
  await ana.get('/login?proof=password')
  const asked = await ana.get('/sensitive')
  assert.deepEqual([asked.status, asked.location], [303, '/passkey?next=%2Fsensitive'])
  await ana.get('/confirm')
  assert.equal((await ana.get('/sensitive')).status, 303, 'a login without a name')
  await ana.get('/confirm?proof=passkey')
  assert.equal((await ana.get('/sensitive')).status, 200)
  clock.advance({ minutes: 15 })
  await ana.get('/confirm?proof=password')
  assert.equal((await ana.get('/sensitive')).status, 303)
})

test('[PROOF-6] a name that no proof can have, and a proof without a login, are refused before any change', async (t) => {
  const refusals: unknown[] = [
    ...['', ' ', '1', 'a b', 'pass,word', '__proto__', 'p'.repeat(41), 7, null].map((proof) => ({
      login: true,
      proof,
    })),
    { proof: 'password' },
    { login: false, proof: 'password' },
  ]
  const { visitor } = await startLayer(t, {
    ...PROOF_PAGES,
    '/refused': async (session) => {
      const calls = refusals.flatMap((options) => [
        () => session.setPrivileges(BEN, options as never),
        () => session.renew(options as never),
      ])
      const messages = await Promise.all(
        calls.map((call) => call().then(String, (error) => `${error.name}: ${error.message}`)),
      )
      return messages.filter((message) => !/^TypeError: (setPrivileges|renew)\(\): proof /.test(message))
    },
  })
  const ana = visitor()
  await ana.get('/login?proof=password')
  const before = await ana.read('/proofs')
  assert.deepEqual(await ana.read('/refused'), [])
  assert.deepEqual([await ana.read('/proofs'), (await ana.read('/read')).userName], [before, 'Ana Lima'])
})

test('[PROOF-7] a device keeps its ten newest proofs', async (t) => {
  const { visitor, clock } = await startLayer(t, PROOF_PAGES)
  const ana = visitor()
  await ana.get('/login?proof=constructor')
  for (let number = 1; number <= 10; number++) {
    clock.advance({ minutes: 1 })
    await ana.get(`/confirm?proof=p${number}`)
  }
  const { proofs } = await ana.read('/proofs')
  assert.deepEqual(Object.keys(proofs).sort(), Array.from({ length: 10 }, (_, index) => `p${index + 1}`).sort())
})

test('[PROOF-8] unreadable proofs in the store count as no proof, and the user stays logged in', async (t) => {
  const real = memoryStore()
  let stored: string | null = null
  const store = {
    ...real,
    find: async (call: Parameters<typeof real.find>[0]) => {
      const found = await real.find(call)
      return found?.state === 'live' ? { ...found, credential: { ...found.credential, purpose: stored } } : found
    },
  }
  const { visitor } = await startLayer(t, PROOF_PAGES, { store })
  const ana = visitor()
  await ana.get('/login?proof=passkey')
  for (stored of [
    null,
    '',
    '{',
    'null',
    '{"passkey":1}',
    '[1]',
    '[["passkey"]]',
    '[["passkey","1"]]',
    '[["passkey",9e99]]',
  ]) {
    assert.equal((await ana.get('/sensitive')).status, 303, String(stored))
    assert.deepEqual((await ana.read('/proofs')).proofs, {}, String(stored))
  }
  assert.equal((await ana.read('/read')).userName, 'Ana Lima')
})
