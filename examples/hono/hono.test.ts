import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import { test } from 'node:test'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { compress } from 'hono/compress'
import { setCookie } from 'hono/cookie'
import { etag } from 'hono/etag'
import { HTTPException } from 'hono/http-exception'
import { streamSSE } from 'hono/streaming'
import {
  crossOriginGuard,
  deviceBinding,
  requireDeviceBinding,
  requirePrivilege,
  requireRecentLogin,
  requireUser,
  sessions,
  tokenSessions,
} from '../../src/session/fetch/hono.ts'
import { createSessions, SessionError, type SessionOf, storageOf } from '../../src/session/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { Browser } from '../../src/session/testing/adapter/client.ts'
import {
  type ContractSession,
  contractAnswer,
  contractApiAnswer,
  contractManager,
  proveAdapter,
} from '../../src/session/testing/adapter-contract.ts'
import { responseOf } from '../../test/session/adapters/fetch-contract.ts'
import { contractGates } from '../../test/session/adapters/gated.ts'
import { listening } from '../../test/session/adapters/listening.ts'
import {
  COOKIE,
  cookieOf,
  cookiesOf,
  requestOf,
  type StoredSession,
  watchedManager,
} from '../../test/session/fetch/fetch-client.ts'
import { proveExample, startProgram } from '../conversation.ts'
import { proveDocumentedCode } from '../documented-code.ts'

proveDocumentedCode('hono.md', import.meta.dirname)

proveExample('Hono', () => startProgram(import.meta.dirname, process.execPath, ['server.ts']))

proveAdapter('Hono', async (guests) => {
  const manager = contractManager(guests)
  const gates = contractGates({ requireUser, requirePrivilege, requireRecentLogin, requireDeviceBinding })
  const app = new Hono<{ Variables: { session: ContractSession } }>()
  app.use(crossOriginGuard(), tokenSessions(manager, { mount: '/api' }), deviceBinding(manager), sessions(manager))
  app.use((c, next) => {
    const gate = gates.get(c.req.path)
    return gate ? gate(c as never, next as never) : next()
  })
  app.all('/api/*', async (c) => responseOf(await contractApiAnswer(c.req.path, c.get('session') as never)))
  app.all('*', async (c) => {
    const current = () => c.get('session')
    return responseOf(
      await contractAnswer(c.req.method === 'HEAD' ? 'GET' : c.req.method, c.req.path, current(), current),
    )
  })
  app.onError((error, c) => (error instanceof SessionError ? error.getResponse() : c.text('It failed.', 500)))
  return listening(createAdaptorServer({ fetch: app.fetch }) as Server, manager)
})

type App = Hono<{ Variables: { session: StoredSession } }>
const ANA = { userId: '4', userName: 'Ana' }
const POST = requestOf('/', { method: 'POST' })

/** An application whose POST logs a user in, and then runs `handle`. */
function appOf(handle: (c: Context) => Response | Promise<Response>, above: (app: App) => void = () => {}) {
  const { manager, watching } = watchedManager({ guests: 'first-request' })
  const app: App = new Hono()
  above(app)
  app.use(sessions(manager))
  app.on('POST', '/*', async (c, next) => {
    await c.get('session').setPrivileges(ANA, { login: true })
    await next()
  })
  app.all('/', handle)
  return { app, manager, watching }
}

for (const [name, handle] of Object.entries<(c: Context) => Response>({
  'sets a cookie and throws': (c) => {
    setCookie(c, 'theme', 'dark')
    throw new Error('the handler fails')
  },
  'sets a cookie and answers': (c) => {
    setCookie(c, 'theme', 'dark')
    return c.text('a page')
  },
  'sets a cookie and redirects': (c) => {
    setCookie(c, 'theme', 'dark')
    return c.redirect('/', 303)
  },
}))
  test(`[ADAPT-11] Hono: a handler that ${name} keeps both cookies`, async (t) => {
    t.mock.method(console, 'error', () => {}) // Hono prints errors
    const response = await appOf(handle).app.request(POST.clone())
    assert.deepEqual(cookiesOf(response), ['theme', COOKIE])
    assert.equal(response.headers.get('cache-control'), 'private, no-store')
  })

test('[ADAPT-11] Hono: the page of onError, of HTTPException and of notFound has the cookie of the login', async () => {
  const pages: [path: string, status: number, (c: Context) => Response][] = [
    ['/', 418, () => assert.fail('the handler fails')],
    [
      '/',
      403,
      () => {
        throw new HTTPException(403, { res: new Response('no', { status: 403 }) })
      },
    ],
    ['/missing', 404, (c) => c.text('')],
  ]
  for (const [path, status, handle] of pages) {
    const { app } = appOf(handle)
    app.onError((error) =>
      error instanceof HTTPException ? error.getResponse() : new Response('own page', { status: 418 }),
    )
    app.notFound(() => new Response('own page', { status: 404 }))
    const response = await app.request(requestOf(path, { method: 'POST' }))
    assert.deepEqual([response.status, cookiesOf(response)], [status, [COOKIE]])
  }
})

test('[ADAPT-11] Hono: an error page begins no session of a guest', async () => {
  const { app, manager } = appOf(() => assert.fail('the handler fails'))
  app.onError(() => new Response('an error page with status 200'))
  assert.deepEqual(cookiesOf(await app.request(requestOf())), [])
  assert.equal(await manager.count(), 0)
})

test('[ADAPT-15] Hono: a page whose body was read becomes an error page with the cookie', async () => {
  const { app } = appOf(async () => {
    const response = new Response('a page', { headers: { 'Content-Length': '6' } })
    await response.text()
    return response
  })
  app.onError((error) => new Response(error.message, { status: 500 }))
  const response = await app.request(POST.clone())
  assert.match(await response.text(), /must return a Response/)
  assert.deepEqual(
    [response.status, cookiesOf(response), response.headers.get('content-length')],
    [500, [COOKIE], null],
  )
})

test('[ADAPT-14] Hono: an application and its parts share the session when each mounts the middleware', async () => {
  const { manager } = watchedManager({ guests: 'first-request' })
  const seen: unknown[] = []
  const part: App = new Hono()
  part.use(sessions(manager))
  part.post('/login', async (c) => {
    seen.push(c.get('session'))
    await c.get('session').setPrivileges(ANA, { login: true })
    return c.text('a page')
  })
  const app: App = new Hono()
  app.use(sessions(manager), async (c, next) => {
    seen.push(c.get('session'))
    await next()
    assert.equal(c.get('session').userName, 'Ana')
  })
  app.route('/part', part)
  const response = await app.request(requestOf('/part/login', { method: 'POST' }))
  assert.deepEqual(cookiesOf(response), [COOKIE])
  assert.equal(seen[0], seen[1])
})

test('[ADAPT-14] Hono: the cookie of an application that is mounted with its own request survives', async () => {
  const { manager } = watchedManager({ guests: 'first-request' })
  const mounted: App = new Hono()
  mounted.use(sessions(manager))
  mounted.post('/login', async (c) => {
    await c.get('session').setPrivileges(ANA, { login: true })
    return c.text('a page')
  })
  const app: App = new Hono()
  app.use(sessions(manager))
  app.mount('/mounted', mounted.fetch)
  app.get('/name', (c) => c.text(c.get('session').userName))
  const login = await app.request(requestOf('/mounted/login', { method: 'POST' }))
  assert.deepEqual(cookiesOf(login), [COOKIE])
  assert.equal(await (await app.request(requestOf('/name', { cookie: cookieOf(login) }))).text(), 'Ana')
})

test('[ADAPT-14] Hono: two managers have their own sessions, and each sets its cookie', async () => {
  const [one, two] = [watchedManager(), watchedManager({ appName: 'OTHER' })]
  let outer: StoredSession | undefined
  const app: App = new Hono()
  app.use(sessions(one.manager))
  app.use(async (c, next) => {
    outer = c.get('session')
    await outer.setPrivileges(ANA, { login: true })
    await next()
    assert.equal(c.get('session').userName, 'Ana')
  })
  app.use(sessions(two.manager))
  app.all('*', async (c) => {
    const inner = c.get('session')
    await outer?.secureSession()
    assert.equal(c.get('session'), inner)
    await inner.setPrivileges({ userId: '5', userName: 'Ben' }, { login: true })
    return c.text(inner.userName)
  })
  const response = await app.request(POST.clone())
  assert.deepEqual([await response.text(), cookiesOf(response)], ['Ben', ['4DSID_OTHER', COOKIE]])
})

for (const [name, middleware] of Object.entries({ compress, etag }))
  for (const place of ['above', 'below'] as const)
    test(`[ADAPT-11] Hono: the cookie is in the response when ${name}() is mounted ${place} the sessions`, async () => {
      const { manager, watching } = watchedManager()
      const app: App = new Hono()
      if (place === 'above') app.use(middleware())
      app.use(sessions(manager))
      if (place === 'below') app.use(middleware())
      app.all('*', async (c) => {
        await c.get('session').setPrivileges(ANA, { login: true })
        assert.equal(c.get('session').signal.aborted, false)
        return c.text('a long page '.repeat(500))
      })
      const headers = { 'Accept-Encoding': 'gzip' }
      const response = await app.request(requestOf('/', { headers }))
      assert.deepEqual(cookiesOf(response), [COOKIE])
      if (name === 'compress') assert.equal(response.headers.get('content-encoding'), 'gzip')
      else assert.match(response.headers.get('etag') ?? '', /"/)
      await response.arrayBuffer()
      assert.equal(watching(), 0)
    })

test('[ADAPT-13] Hono: a stream ends with the session or when the client leaves, and nothing waits afterwards', async (t) => {
  const { manager, watching } = watchedManager()
  let open = 0
  const app: App = new Hono()
  app.use(sessions(manager))
  app.post('/login', async (c) => {
    await c.get('session').setPrivileges(ANA, { login: true })
    return c.text('')
  })
  app.post('/logout', async (c) => {
    await c.get('session').close()
    return c.text('')
  })
  app.get('/stream', (c) =>
    streamSSE(c, async (stream) => {
      open++
      await stream.writeSSE({ data: 'open' })
      const { signal } = c.get('session')
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve())
        stream.onAbort(resolve)
      })
      open--
    }),
  )
  const server = await listening(createAdaptorServer({ fetch: app.fetch }) as Server, manager as never)
  t.after(server.close)
  const browser = new Browser(server.url)
  await browser.post('/login')
  const ending = await browser.open('/stream')
  const leaving = await browser.open('/stream')
  await until(() => watching() === 2)
  leaving.destroy()
  await until(() => watching() === 1 && open === 1)
  await browser.post('/logout')
  let text = ''
  for await (const chunk of ending) text += chunk
  assert.match(text, /data: open/)
  await until(() => watching() === 0 && open === 0)
})

test('[ADAPT-13] Hono: HEAD for a stream leaves nothing running', async () => {
  const { app, watching } = appOf((c) => streamSSE(c, async () => void c.get('session').signal))
  const login = await app.request(POST.clone())
  await login.body?.cancel()
  await app.request(requestOf('/', { method: 'HEAD', cookie: cookieOf(login) }))
  assert.equal(watching(), 0)
})

test('[ADAPT-16] Hono: a manager, a privilege or a possible null that the application has not declared does not compile', () => {
  const roles = { clerk: ['viewOrders'] } as const
  const storage = storageOf<{ count?: number }>()
  const manager = createSessions({ appName: 'A', store: memoryStore(), storage, roles })
  const other = createSessions({ appName: 'B', store: memoryStore(), storage: storageOf<{ name: string }>() })
  type Declared = { Variables: { session: SessionOf<typeof manager> } }
  const app = () => new Hono<Declared>()
  const gate = { loginPath: '/login' }
  app().use(sessions(manager), requirePrivilege('viewOrders', gate), requireUser(gate))
  // @ts-expect-error another manager
  app().use(sessions(other))
  // @ts-expect-error the session may be null
  app().use(sessions(manager as typeof manager | null))
  // @ts-expect-error an unknown privilege
  app().use(requirePrivilege('viewOrder', gate))
  // @ts-expect-error the variable is not declared
  new Hono().use(sessions(manager)).get('/', (c) => c.text(c.get('session').userName))
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
