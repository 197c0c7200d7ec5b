import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSessions, type SessionOptions } from '../../../src/session/index.ts'
import { requirePrivilege } from '../../../src/session/koa/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { codeOf, type Described, describe, PAGES, ROLES, STORES, startLayer } from '../support/layer.ts'

const grantPage = {
  '/grant': async (session: Parameters<typeof describe>[0], ctx: { query: Record<string, unknown> }) => {
    await session.setPrivileges(JSON.parse(String(ctx.query.grant)))
    return describe(session)
  },
}
const grant = (value: unknown) => `/grant?grant=${encodeURIComponent(JSON.stringify(value))}`

for (const [store, open] of Object.entries(STORES)) {
  test(`[PRIV-1] a new session has no privileges and belongs to a guest, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, PAGES, { store: open(), guests: 'first-request' })
    const guest = await visitor().read<Described>('/read')
    assert.deepEqual([guest.isGuest, guest.privileges, guest.userName], [true, [], ''])
  })

  test(`[PRIV-2] [PRIV-3] privileges are given as text, list or object, and roles expand to all they include, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, { ...PAGES, ...grantPage }, { store: open() })
    const cases: [unknown, string[]][] = [
      ['viewStart', ['viewStart']],
      ['viewCustomers, audit', ['audit', 'viewCustomers', 'viewStart']],
      [
        ['VIEWCUSTOMERS', 'audit'],
        ['audit', 'viewCustomers', 'viewStart'],
      ],
      [{ privileges: 'audit,viewStart' }, ['audit', 'viewStart']],
      [{ privileges: ['audit'], roles: ['salesperson'] }, ['audit', 'viewCustomers', 'viewStart']],
      [{ roles: 'manager' }, ['audit', 'manageCustomers', 'viewCustomers', 'viewStart']],
      [
        { roles: ['manager'], userName: 'Mia Berg', userId: 5 },
        ['audit', 'manageCustomers', 'viewCustomers', 'viewStart'],
      ],
      [{ privileges: 'WebAdmin' }, ['WebAdmin']],
      ['', []],
      [[], []],
      [{}, []],
    ]
    for (const [value, expected] of cases) {
      const person = visitor()
      assert.deepEqual((await person.read<Described>(grant(value))).privileges, expected, JSON.stringify(value))
      assert.deepEqual((await person.read<Described>('/read')).privileges, expected, 'and in the next request')
    }
  })

  test(`[PRIV-5] clearPrivileges makes the user a guest, but does not change storage, id and userName, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(
      t,
      {
        ...PAGES,
        '/clear': async (session) => {
          await session.clearPrivileges()
          return describe(session)
        },
      },
      { store: open() },
    )
    const ana = visitor()
    const { id } = await ana.read<Described>('/login')
    await ana.read('/write')
    await ana.read('/clear')
    const cleared = await ana.read<Described>('/read')
    assert.deepEqual(
      [cleared.isGuest, cleared.privileges, cleared.id, cleared.userName, cleared.storage],
      [true, [], id, 'Ana Lima', { key: '1' }],
    )
  })

  test(`[PRIV-8] a cookie that was planted before the login opens no session after the login, on the ${store} store`, async (t) => {
    for (const guests of ['first-request', 'first-write'] as const) {
      const { visitor, clock } = await startLayer(t, PAGES, { store: open(), guests })
      const attacker = visitor()
      await attacker.read('/write?key=planted&value=1')
      const victim = attacker.copy()
      const loggedIn = await victim.read<Described>('/login')
      assert.deepEqual(loggedIn.storage, {}, 'the new storage contains no data of the attacker')
      for (const seconds of [0, 61]) {
        clock.advance({ seconds })
        const seen = await attacker.read<Described>('/read')
        assert.deepEqual([seen.isGuest, seen.userName, seen.storage], [true, '', {}])
        assert.notEqual(seen.id, loggedIn.id)
      }
      assert.equal((await victim.read<Described>('/read')).userName, 'Ana Lima')
    }
  })

  test(`[PRIV-11] raising privileges signs out every other device, even if the user was no guest; lowering privileges signs out no device, on the ${store} store`, async (t) => {
    const { visitor } = await startLayer(t, { ...PAGES, ...grantPage }, { store: open() })
    for (const raise of [
      'viewCustomers,audit',
      'manageCustomers',
      { privileges: 'viewStart', userName: 'Other' },
      { privileges: 'viewStart', userId: '9' },
    ]) {
      const ana = visitor()
      const { id } = await ana.read<Described>('/login')
      await ana.read('/write')
      const device = ana.copy()
      await ana.read(grant('viewStart'))
      assert.equal((await device.read<Described>('/read')).id, id, 'removing privileges keeps the session')
      await ana.read(grant('viewStart'))
      const raised = await ana.read<Described>(grant(raise))
      assert.notEqual(raised.id, id)
      assert.equal((await device.read<Described>('/read')).isGuest, true)
      const sameUser = typeof raise === 'string'
      assert.deepEqual(
        (await ana.read<Described>('/read')).storage,
        sameUser ? { key: '1' } : {},
        'only the same user’s storage goes along',
      )
    }
  })
}

test('[PRIV-4] a user has a privilege that was given directly or is included in another one, in upper or lower case, but never an undeclared one', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/has': async (session) =>
      Object.fromEntries(
        ['manageCustomers', 'viewCustomers', 'VIEWSTART', 'audit', 'nothing', '', '__proto__', 'toString'].map(
          (name) => [`_${name}`, session.hasPrivilege(name)],
        ),
      ),
  })
  const mia = visitor()
  await mia.read('/login?privileges=managecustomers')
  assert.deepEqual(await mia.read('/has'), {
    _manageCustomers: true,
    _viewCustomers: true,
    _VIEWSTART: true,
    _audit: false,
    _nothing: false,
    _: false,
    ___proto__: false,
    _toString: false,
  })
})

test('[PRIV-4] the first check of an undeclared privilege causes a warning, and each check returns false', async (t) => {
  const gate = requirePrivilege('viewCustomerz', { loginPath: '/login' })
  const { visitor, manager } = await startLayer(t, {
    ...PAGES,
    '/gate': async (_session, ctx) => gate(ctx, async () => {}),
    '/has': async (session) => ['viewCustomerz', 'WebAdmin', 'audit', 'else'].map((name) => session.hasPrivilege(name)),
  })
  const messages: string[] = []
  manager.on('warning', ({ code, message }) => messages.push(`${code}: ${message}`))
  const ana = visitor()
  assert.equal((await ana.get('/gate')).status, 303)
  await ana.read('/login')
  assert.equal((await ana.get('/gate')).status, 403)
  assert.deepEqual(await ana.read('/has'), [false, false, false, false])
  const start = 'UNDECLARED_PRIVILEGE_CHECKED: No session has the privilege'
  assert.deepEqual(messages, [
    `${start} viewCustomerz, because it is not declared. Did you mean viewCustomers?`,
    `${start} else, because it is not declared. Add it to the option privileges of createSessions().`,
  ])
})

test('[PRIV-6] userName and storage cannot be assigned from outside', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/assign': async (session) => {
      const attempts = [
        () => Object.assign(session, { userName: 'Eve' }),
        () => Object.assign(session, { storage: {} }),
        () => Object.assign(session, { userId: '1' }),
        () => Object.assign(session, { id: 'X' }),
      ]
      return attempts.map((attempt) => {
        try {
          attempt()
          return 'assigned'
        } catch (error) {
          return (error as Error).name
        }
      })
    },
  })
  const ana = visitor()
  await ana.read('/login')
  assert.deepEqual(await ana.read('/assign'), Array(4).fill('TypeError'))
})

test('[NAME-3] an undeclared role of a login is refused before any change, and elsewhere it is ignored with a warning', async (t) => {
  const { visitor, manager } = await startLayer(t, {
    ...PAGES,
    ...grantPage,
    '/nonsense': async (session) =>
      Promise.all(
        [null, 7, { privileges: 7 }, { roles: [7] }, { userName: {} }, { userId: null }, { role: 'manager' }].map(
          (value) => codeOf(session.setPrivileges(value as never)),
        ),
      ),
    '/refused': async (session, ctx) => {
      const before = session.id
      const { login = 'false' } = ctx.query
      const code = await codeOf(
        session.setPrivileges(JSON.parse(String(ctx.query.grant)), login === 'true' ? { login: true } : {}),
      )
      return [code, session.id === before, session.userName, session.getPrivileges()]
    },
  })
  const warnings: string[] = []
  manager.on('warning', ({ message }) => warnings.push(message))
  const ana = visitor()
  const refused = (value: object, login = false) =>
    ana.read(`/refused?login=${login}&grant=${encodeURIComponent(JSON.stringify(value))}`)
  const undeclared = (text: string) => [`TypeError: setPrivileges(): the ${text}`, true, '', []]
  assert.deepEqual(
    await refused({ roles: ['salespersn'], userName: 'Ana', userId: '4' }),
    undeclared('role salespersn is not declared. Did you mean salesperson?'),
  )
  assert.deepEqual(
    await refused({ privileges: 'superuser', roles: 'manager' }),
    undeclared('privilege superuser is not declared. Add it to the option privileges of createSessions().'),
  )
  assert.deepEqual(
    await refused({ roles: ['king'] }, true),
    undeclared('role king is not declared. Add it to the option roles of createSessions().'),
  )
  await assert.rejects(manager.newToken('4', { roles: ['managr'] }), /the role managr .* Did you mean manager\?/)
  assert.equal(await manager.count(), 0)
  assert.deepEqual(warnings, [])

  await ana.read(grant({ privileges: 'viewStart', roles: 'salesperson' }))
  assert.deepEqual(
    (await ana.read<Described>(grant({ privileges: 'viewStart,superuser', roles: 'king' }))).privileges,
    ['viewStart'],
  )
  assert.match(warnings.join(), /superuser, king/)
  for (const answer of await ana.read<string[]>('/nonsense')) assert.match(answer, /TypeError: .*setPrivileges\(\)/)
  assert.deepEqual((await ana.read<Described>('/read')).privileges, ['viewStart'])
})

test('a login or a token with an undefined or empty user is refused, and the session keeps its user', async (t) => {
  const grants = [
    { roles: 'manager', userName: 'Bob', userId: undefined },
    { userName: undefined, userId: '5' },
    { userId: '' },
    { userId: Number.NaN },
  ]
  const { visitor, manager } = await startLayer(t, {
    ...PAGES,
    '/log-in': (session) =>
      Promise.all(grants.map((one) => codeOf(session.setPrivileges(one as never, { login: true })))),
  })
  const ana = visitor()
  const { id } = await ana.read<Described>('/login')
  for (const visit of [ana, visitor()])
    for (const answer of await visit.read<string[]>('/log-in'))
      assert.match(answer, /TypeError: setPrivileges\(\): user(Name|Id) is /)
  const { id: now, userName } = await ana.read<Described>('/read')
  assert.deepEqual([now, userName], [id, 'Ana Lima'])
  for (const user of [undefined, '', null] as never[])
    await assert.rejects(manager.newToken(user, {}), { name: 'TypeError', message: /^newToken\(\):/ })
  assert.equal(await manager.count(), 1)
})

test('[PRIV-9] a malformed, unknown or circular role in the declaration stops the start and is named', () => {
  const start = (declaration: object) => () =>
    createSessions({ appName: 'TEST', store: memoryStore(), ...declaration } as SessionOptions)
  const wrong: [object, RegExp][] = [
    [{ privileges: { a: ['b'] } }, /privileges\.a\[0\]: "b" is not declared/],
    [{ privileges: { a: ['b'], b: ['c'], c: ['a'] } }, /privileges\.a: includes itself \(a → b → c → a\)/],
    [{ privileges: { a: ['a'] } }, /privileges\.a: includes itself/],
    [{ privileges: { a: 'b' } }, /privileges\.a: expected a list.*got string/],
    [{ privileges: 'a' }, /privileges: expected an object or a list, got string/],
    [{ privileges: { a: [1] } }, /privileges\.a\[0\]: a name is a text.*got number/],
    [{ privileges: { 'a b': [] } }, /privileges\.a b: .*"a b"/],
    [{ privileges: { a: [], A: [] } }, /privileges\.A: "A" is declared twice/],
    [{ privileges: { WebAdmin: [] } }, /privileges\.WebAdmin: "WebAdmin" is reserved/],
    [{ roles: { r: null } }, /roles\.r: expected a list of privilege names, got null/],
    [{ roles: { r: ['s'], s: ['x'] } }, /roles\.r: "s" is a role/],
    [{ privileges: [{ privilege: 'a', includes: ['zz'] }] }, /privileges\.a\[0\]: "zz" is not declared/],
    [{ privileges: [null] }, /privileges\[0\]: expected \{ privilege, includes \}, got null/],
    [{ roles: [{ privileges: ['a'] }] }, /roles\[0\]: a name is a text.*got undefined/],
  ]
  for (const [declaration, message] of wrong)
    assert.throws(start(declaration), { name: 'TypeError', message }, JSON.stringify(declaration))
  start(ROLES)()
  start({
    privileges: [{ privilege: 'a', includes: ['b'] }, { privilege: 'b' }],
    roles: [{ role: 'r', privileges: ['a', 'WebAdmin'] }],
  })()
  start({ privileges: { manage: ['view'] }, roles: { r: ['view', 'look'] } })()
})
