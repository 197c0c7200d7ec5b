import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { inspect } from 'node:util'
import Koa from 'koa'
import { TokenSession } from '../../../src/session/index.ts'
import { sessions } from '../../../src/session/koa/index.ts'
import { type Described, describe, type LayerContext, type LayerSession, PAGES, startLayer } from '../support/layer.ts'

/** The message of the error that `habit` throws, or 'no error'. */
function thrownBy(habit: () => unknown): string {
  try {
    habit()
    return 'no error'
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`
  }
}

test('[NAME-7] an assignment to ctx.session throws a one-line error that names the call to use, and changes nothing', async (t) => {
  const tried = (ctx: { session: unknown }) =>
    [null, undefined, {}, { views: 1 }, 'text'].map((value) =>
      thrownBy(() => {
        ctx.session = value
      }),
    )
  const logOut = 'TypeError: ctx.session cannot be assigned: to log out, call await ctx.session.close().'
  const store =
    'TypeError: ctx.session cannot be assigned: to store data, call await ctx.session.use((storage) => { … }).'
  const expected = [logOut, logOut, store, store, store]

  const { visitor } = await startLayer(
    t,
    {
      ...PAGES,
      '/assign': (_session, ctx) => tried(ctx),
      '/secure': async (session, ctx) => {
        ctx.session = await session.secureSession()
        return [ctx.session === session, ...tried(ctx), describe(ctx.session)]
      },
      '/api/testpage': (_session, ctx) => tried(ctx),
    },
    { tokens: { mount: '/api' } },
  )
  const ana = visitor()
  assert.deepEqual(await ana.read('/assign'), expected, 'a guest')
  const { id } = await ana.read<Described>('/login')
  assert.deepEqual(await ana.read('/assign'), expected)
  const { userName, id: same } = await ana.read<Described>('/read')
  assert.deepEqual([userName, same], ['Ana Lima', id])
  const [isSame, ...errors] = await ana.read<unknown[]>('/secure')
  const secured = errors.pop() as Described
  assert.deepEqual(
    [isSame, errors],
    [false, expected],
    'the result of secureSession may be assigned: it already is current',
  )
  assert.equal((await ana.read<Described>('/read')).id, secured.id)
  assert.deepEqual(await ana.read('/api/testpage'), expected, 'a rest session')
})

test('[NAME-7] without sessions, the error of an assignment to ctx.session says that sessions are off', async () => {
  const app = new Koa<Koa.DefaultState, { session: LayerSession | null }>()
  const mount = sessions(null)
  app.use((ctx, next) => (ctx.path === '/other' ? next() : mount(ctx, next)))
  app.use((ctx) => {
    const value = {}
    const message = thrownBy(() => Object.assign(ctx, { session: value }))
    assert.equal(ctx.session, ctx.path === '/other' ? value : null)
    ctx.body = message
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const ask = async (path: string) =>
      (await fetch(`http://127.0.0.1:${(server.address() as { port: number }).port}${path}`)).text()
    assert.equal(await ask('/'), 'TypeError: ctx.session cannot be assigned: the server runs without sessions.')
    assert.equal(await ask('/other'), 'no error', 'the layer does not handle this path')
  } finally {
    server.close()
  }
})

test('[NAME-8] a member of other session libraries throws a one-line error that names the call to use, and changes nothing', async (t) => {
  const reads: Record<string, string> = {
    save: 'session.use(',
    commit: 'session.use(',
    set: 'session.use(',
    get: 'session.storage',
    has: 'session.storage',
    data: 'session.storage',
    cookie: 'session.setIdleTimeout(',
    maxAge: 'session.setIdleTimeout(',
    touch: 'by itself',
    regenerate: 'session.secureSession(',
    destroy: 'session.close(',
    invalidate: 'session.close(',
    clear: 'session.close(',
    delete: 'session.close(',
    logout: 'session.close(',
    logIn: 'session.setPrivileges(',
    user: 'session.setPrivileges(',
    passport: 'session.setPrivileges(',
  }
  const writes: Record<string, string> = {
    views: 'session.use(',
    0: 'session.use(',
    __proto__x: 'session.use(',
    maxAge: 'session.setIdleTimeout(',
    cookie: 'session.setIdleTimeout(',
    user: 'session.setPrivileges(',
    userId: 'session.setPrivileges(',
    userName: 'session.setPrivileges(',
    isNew: 'session.close(',
    id: 'session.secureSession(',
    storage: 'session.use(',
    flash: 'session.flash(',
    idleTimeout: 'session.setIdleTimeout(',
    expirationDate: 'session.setIdleTimeout(',
    lastAccessTime: 'the layer sets it',
    close: 'Cannot assign to read only property',
  }
  const tryAll = (session: object) => {
    const members = session as Record<string, unknown>
    const assigned = (name: string) =>
      thrownBy(() => {
        members[name] = 1
      })
    return {
      read: Object.keys(reads).map((name) => [name, thrownBy(() => members[name])]),
      written: Object.keys(writes).map((name) => [name, assigned(name)]),
      symbol: thrownBy(() => Object.assign(members, { [Symbol('x')]: 1 })),
      prototype: thrownBy(() => Object.assign(members, JSON.parse('{"__proto__":{}}'))),
    }
  }
  const { visitor } = await startLayer(
    t,
    {
      ...PAGES,
      '/try': (session) => tryAll(session),
      '/api/testpage': (session) => {
        assert.ok(session instanceof TokenSession)
        const { read } = tryAll(session)
        const vars = thrownBy(() => Object.assign(session, { sessionVars: {} }))
        return { read: read.filter(([name]) => name !== 'save'), save: typeof session.save, vars }
      },
    },
    { tokens: { mount: '/api' } },
  )
  const ana = visitor()
  await ana.read('/login')
  await ana.read('/write')
  const before = await ana.read<Described>('/read')
  const { read, written, symbol, prototype } = await ana.read('/try')
  for (const [name, message] of read) {
    assert.match(message, new RegExp(`^TypeError: A session has no ${name}: [^\\n]+\\.$`))
    assert.ok(message.includes(reads[name]), `${name}: ${message}`)
  }
  for (const [name, message] of written) {
    assert.match(message, /^TypeError: [^\n]+$/)
    assert.ok(message.includes(writes[name]), `${name}: ${message}`)
  }
  assert.match(symbol, /cannot be assigned/)
  assert.match(prototype, /session\.__proto__ cannot be assigned/)
  assert.deepEqual(await ana.read('/read'), before)

  const rest = await ana.read('/api/testpage')
  assert.equal(rest.save, 'function')
  assert.match(rest.vars, /sessionVars cannot be assigned: call session\.setSessionVar\(/)
  for (const [, message] of rest.read) assert.match(message, /^TypeError: A session has no /)
})

test('a callback for close, reload or save is refused, because the layer would never call it', async (t) => {
  const refused = (session: LayerSession, calls: readonly string[]) =>
    calls.map((call) =>
      thrownBy(() => (session as unknown as Record<string, (run: unknown) => void>)[call]?.(() => {})),
    )
  const { visitor } = await startLayer(
    t,
    {
      ...PAGES,
      '/callbacks': (session) => refused(session, ['close', 'reload']),
      '/api/testpage': (session) => refused(session, ['close', 'save']),
    },
    { tokens: { mount: '/api' } },
  )
  const ana = visitor()
  await ana.read('/login')
  const message = (call: string) => `TypeError: ${call}() takes no callback: call await session.${call}().`
  assert.deepEqual(await ana.read('/callbacks'), ['close', 'reload'].map(message))
  assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
  assert.deepEqual(await ana.read('/api/testpage'), ['close', 'save'].map(message))
})

test('[NAME-9] a session can be awaited, logged, compared and tested with the operator in, and shows no secret', async (t) => {
  const shown: string[] = []
  const look = async (session: LayerSession, ctx: LayerContext) => {
    // The text of ctx may contain a secret, because ctx contains the request's cookie even without this layer.
    assert.ok(JSON.stringify(ctx) !== '' && inspect(ctx) !== '')
    shown.push(JSON.stringify({ session }), inspect(session, { depth: 9, showHidden: true, showProxy: true }))
    shown.push(inspect(session), `${session}`, Object.prototype.toString.call(session))
    assert.equal(await session, session)
    assert.equal(await Promise.resolve(session), session)
    assert.ok(session instanceof Object)
    assert.deepEqual(session, session)
    assert.notDeepEqual(session, {})
    assert.ok('use' in session && !('save' in session) && !('views' in session))
    assert.deepEqual([Object.keys(session), Object.entries({ ...session })], [[], []])
    for (const name of [
      'then',
      'toJSON',
      'inspect',
      'nodeType',
      'length',
      'views',
      Symbol.iterator,
      Symbol.toPrimitive,
    ])
      assert.equal(Reflect.get(session, name), undefined, String(name))
    for (const name of ['toString', 'valueOf', 'hasOwnProperty', 'constructor'])
      assert.equal(typeof Reflect.get(session, name), 'function')
    return { isNew: session.isNew }
  }
  const { visitor } = await startLayer(t, { ...PAGES, '/look': look })
  const ana = visitor()
  assert.deepEqual(await ana.read('/look'), { isNew: true })
  await ana.read('/login')
  assert.deepEqual(await ana.read('/look'), { isNew: false })
  const [, secret = ''] = [...ana.cookies.values()].join().split('.')
  assert.ok(secret.length > 20)
  assert.ok(shown.length === 10 && !shown.join().includes(secret))
})
