import assert from 'node:assert/strict'
import { createServer as createHttpServer, IncomingMessage, ServerResponse } from 'node:http'
import { connect, createServer, type IncomingHttpHeaders } from 'node:http2'
import { type AddressInfo, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import Koa from 'koa'
import { sessions } from '../../../src/session/koa/index.ts'
import { sessionHeaders } from '../../../src/session/node-http/response-head.ts'
import type { Answer } from '../../support/visitor.ts'
import {
  type Described,
  describe,
  type Handler,
  type LayerContext,
  type LayerSession,
  LayerVisitor,
  PAGES,
  startLayer,
} from '../support/layer.ts'
import { collectProcessWarnings } from '../support/process-warnings.ts'

const NAME = '4DSID_TEST'
const ANA = { userName: 'Ana', userId: '4' }
type Response = LayerContext['res']

/** A page that logs a user in and then writes its response with `respond` instead of Koa. */
function loginBy(respond: (res: Response, ctx: LayerContext) => unknown): Handler {
  return async (session, ctx) => {
    await session.setPrivileges(ANA, { login: true })
    ctx.respond = false
    ctx.status = 200
    await respond(ctx.res, ctx)
  }
}

/** Calls `writeHead` with these parameters, then sends a body. */
function head(...parameters: unknown[]): (res: Response) => void {
  const write = (res: Response) => Reflect.apply(res.writeHead, res, parameters).end('done')
  return write
}

const frozen = <T extends object>(value: T): T => {
  for (const inner of Object.values(value)) if (typeof inner === 'object') frozen(inner)
  return Object.freeze(value)
}

const PUBLIC = 'public, max-age=3600'
const OWN = frozen({ 'Content-Type': 'text/plain', 'Set-Cookie': 'theme=dark', 'Cache-Control': PUBLIC })
const LOWER = frozen({ 'content-type': 'text/plain', 'set-cookie': ['theme=dark', 'a=1'], 'cache-control': PUBLIC })
const FLAT = frozen(Object.entries(LOWER).flat(1))
const REPEATED = frozen(['SET-cookie', ['theme=dark'], 'cache-CONTROL', PUBLIC, 'Set-Cookie', 'a=1'])
const PAIRS = frozen(Object.entries(OWN))

const WAYS: Record<string, (res: Response) => unknown> = {
  'an object': head(200, OWN),
  'an object with a message': head(200, 'Fine', OWN),
  'an object without a message': head(200, undefined, OWN),
  'an object in lower case with a list of cookies': head(200, LOWER),
  'an object with two spellings': head(200, frozen({ ...OWN, ...LOWER, 'set-cookie': 'a=1' })),
  'an object without a prototype': head(200, Object.freeze(Object.assign(Object.create(null), LOWER))),
  'a flat list': head(200, FLAT),
  'a flat list with a message': head(200, 'Fine', FLAT),
  'a flat list that repeats a header': head(200, REPEATED),
  'a list of pairs': head(200, PAIRS),
  'a list of pairs with a message': head(200, 'Fine', PAIRS),
  'setHeaders and an implicit head': (res) => {
    res.setHeaders(new Map(Object.entries(OWN)))
    res.end('done')
  },
  'a head that was refused, and a second one': (res) => {
    assert.throws(() => res.writeHead(200, { ...OWN, 'X-Broken': 'a\nb' }), { code: 'ERR_INVALID_CHAR' })
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    res.writeHead(200, OWN).end('done')
  },
  'flushHeaders after all headers were removed': (res) => {
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    res.setHeader('Set-Cookie', 'theme=dark')
    res.flushHeaders()
    res.end('done')
  },
  'early hints before the head': (res) => {
    res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
    res.writeHead(200, OWN).end('done')
  },
  'a second head, which Node refuses': (res) => {
    res.writeHead(200, OWN)
    assert.throws(() => res.writeHead(200, { 'Set-Cookie': 'late=1' }), { code: 'ERR_HTTP_HEADERS_SENT' })
    res.end('done')
  },
  'a stream after the middleware has returned': (res) => {
    setImmediate(() => Readable.from(['do', 'ne']).pipe(res.writeHead(200, OWN)))
  },
  'the writeHead of the prototype': (res) => {
    Object.getPrototypeOf(res).writeHead.call(res, 200, OWN)
    res.end('done')
  },
}

/** The actions of a middleware above `sessions()` when the head is written. Each returns the headers to write. */
const ABOVE: Record<string, (res: Response) => unknown[]> = {
  '/setHeader': (res) => {
    for (const [name, value] of Object.entries(OWN)) res.setHeader(name, value)
    return []
  },
  '/cdn': (res) => {
    res.setHeader('Set-Cookie', 'theme=dark')
    res.setHeader('CDN-Cache-Control', PUBLIC)
    res.setHeader('Vary', 'Accept')
    return []
  },
  '/removeHeader': (res) => {
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    res.appendHeader('Set-Cookie', 'theme=dark')
    return []
  },
  '/object': () => [OWN],
  '/list': () => [FLAT],
}

/** An application with a middleware above `sessions()` that wraps `writeHead`, as the package `on-headers` does. */
async function wrapped(t: TestContext) {
  const { manager } = await startLayer(t, {})
  const app = new Koa<Koa.DefaultState, { session: LayerSession }>()
  app.use(async ({ res, path }, next) => {
    const { writeHead } = res
    const change = ABOVE[path]
    if (change)
      res.writeHead = (status: number, ...rest: unknown[]) =>
        Reflect.apply(writeHead, res, [status, ...rest, ...change(res)])
    await next()
  })
  app.use(sessions(manager))
  app.use(async (ctx) => {
    if (ABOVE[ctx.path]) await ctx.session.setPrivileges(ANA, { login: true })
    ctx.body = ABOVE[ctx.path] ? 'done' : JSON.stringify(describe(ctx.session))
  })
  return app
}

/** Checks that the response is private and has the session cookie once, and that the cookie opens the session. */
async function assertSignedIn(visitor: LayerVisitor, { status, text, headers, setCookies }: Answer, way: string) {
  assert.deepEqual([status, text], [200, 'done'], way)
  assert.equal(setCookies.filter((cookie) => cookie.startsWith(`${NAME}=`)).length, 1, way)
  assert.ok(setCookies.includes('theme=dark'), `${way}: ${setCookies}`)
  assert.equal(headers['cache-control'], 'private, no-store', way)
  assert.match(String(headers.vary), /Cookie/, way)
  assert.equal((await visitor.read<Described>('/read')).userName, 'Ana', way)
}

test('[RESP-1] the response has the login’s cookie and the handler’s own cookies, however the handler writes the response head', async (t) => {
  const pages = Object.fromEntries(Object.entries(WAYS).map(([, respond], index) => [`/${index}`, loginBy(respond)]))
  const { visitor, manager } = await startLayer(t, { ...PAGES, ...pages })
  for (const [index, way] of Object.keys(WAYS).entries()) {
    const ana = visitor()
    await ana.read('/write') // The login replaces this session, so without its new cookie Ana would have no session.
    await assertSignedIn(ana, await ana.get(`/${index}`), way)
  }
  assert.equal(await manager.count({ userId: '4' }), Object.keys(WAYS).length)
})

test('[RESP-1] the response keeps the login’s cookie when a middleware above sessions() changes the response head', async (t) => {
  const server = createHttpServer((await wrapped(t)).callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  for (const path of Object.keys(ABOVE)) {
    const ana = new LayerVisitor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const answer = await ana.get(path)
    await assertSignedIn(ana, answer, path)
    assert.equal(answer.headers['cdn-cache-control'], undefined, path)
  }
})

test('[RESP-1] the headers of the handler replace earlier headers, and invalid headers are refused as without the layer', async (t) => {
  const { visitor } = await startLayer(t, {
    '/replace': loginBy((res, ctx) => {
      ctx.set('Content-Type', 'text/html')
      ctx.set('X-Kept', 'yes')
      ctx.cookies.set('earlier', '1')
      res.writeHead(201, 'Made', { 'content-type': 'text/plain', 'Set-Cookie': 'theme=dark' }).end()
    }),
    '/beside': loginBy((res, ctx) => {
      ctx.cookies.set('earlier', '1')
      res.writeHead(200, { Vary: 'Accept' }).end()
    }),
    '/broken': loginBy((res) => {
      for (const broken of [{ 'X-A': undefined }, ['X-A'], [['X-A']], { 'X A': '1' }])
        assert.throws(() => Reflect.apply(res.writeHead, res, [200, broken]), TypeError)
      res.end('done')
    }),
  })
  const replaced = await visitor().get('/replace')
  assert.deepEqual([replaced.status, replaced.headers['content-type']], [201, 'text/plain'])
  assert.equal(replaced.headers['x-kept'], 'yes')
  assert.deepEqual(
    replaced.setCookies.map((cookie) => cookie.split('=')[0]),
    ['theme', NAME],
  )
  const beside = await visitor().get('/beside')
  assert.deepEqual(
    beside.setCookies.map((cookie) => cookie.split('=')[0]),
    ['earlier', NAME],
  )
  assert.equal(beside.headers.vary, 'Accept, Cookie')
  assert.equal((await visitor().get('/broken')).text, 'done')
})

test('[RESP-1] a log out clears the cookie, and a first write sets one, even when the handler writes the response head', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/logout': async (session, ctx) => {
      await session.close()
      ctx.respond = false
      ctx.res.writeHead(303, { Location: '/', 'Set-Cookie': 'theme=dark' }).end()
    },
    '/first': async (session, ctx) => {
      await session.use((storage) => void (storage.key = '1'))
      ctx.respond = false
      ctx.res.writeHead(200, OWN).end('done')
    },
  })
  const ana = visitor()
  await ana.get('/first')
  assert.deepEqual((await ana.read<Described>('/read')).storage, { key: '1' })
  const { setCookies } = await ana.get('/logout')
  assert.deepEqual(setCookies, ['theme=dark', `${NAME}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`])
})

test('[RESP-2] no shared cache may store a response with the session cookie, whatever the handler allows', async (t) => {
  const stored = [
    undefined,
    '',
    PUBLIC,
    'max-age=31536000, immutable',
    's-maxage=60',
    'private, s-maxage=60',
    'PUBLIC, no-store',
    'private="X-Header"',
    'no-cache="private, no-store"',
    'max-age=60, stale-while-revalidate=600',
    'must-understand, no-store, max-age=3600',
  ]
  const kept = ['private', 'no-store', 'Private, max-age=60, immutable', 'no-cache, no-store, must-revalidate']
  const { visitor } = await startLayer(t, {
    '/set': loginBy((res, ctx) => {
      if (ctx.query.value === undefined) res.removeHeader('Cache-Control')
      else res.setHeader('Cache-Control', String(ctx.query.value))
      res.end()
    }),
    '/head': loginBy((res, { query }) => {
      if (query.value === undefined) res.removeHeader('Cache-Control')
      res.writeHead(200, query.value === undefined ? {} : { 'cache-control': String(query.value) }).end()
    }),
    '/cdn': loginBy((res) => {
      res.setHeader('Surrogate-Control', 'max-age=60')
      res.setHeader('X-LiteSpeed-Cache-Control', 'public')
      res.writeHead(200, { 'CDN-Cache-Control': 'max-age=60', 'Vercel-CDN-Cache-Control': 'public' }).end()
    }),
  })
  for (const page of ['/set', '/head'])
    for (const value of [...stored, ...kept]) {
      const path = value === undefined ? page : `${page}?value=${encodeURIComponent(value)}`
      const wanted = value !== undefined && kept.includes(value) ? value : 'private, no-store'
      assert.equal((await visitor().get(path)).headers['cache-control'], wanted, path)
    }
  const { headers } = await visitor().get('/cdn')
  assert.deepEqual(
    Object.keys(headers).filter((name) => /cdn|surrogate|litespeed/.test(name)),
    [],
  )
})

test('[RESP-3] a response without the session cookie keeps the Cache-Control header of a handler that says public', async (t) => {
  const { visitor } = await startLayer(t, {
    ...PAGES,
    '/public': (_, ctx) => {
      ctx.respond = false
      ctx.res.writeHead(200, ['Cache-Control', PUBLIC, 'CDN-Cache-Control', PUBLIC, 'Set-Cookie', 'theme=dark']).end()
    },
  })
  const ana = visitor()
  await ana.get('/login')
  for (const someone of [ana, visitor()]) {
    const { headers, setCookies } = await someone.get('/public')
    assert.deepEqual([headers['cache-control'], headers['cdn-cache-control']], [PUBLIC, PUBLIC])
    assert.deepEqual(setCookies, ['theme=dark'])
  }
})

type Get = Awaited<ReturnType<typeof connectTo>>

/** Returns a function that sends a request over HTTP/2. */
async function connectTo(t: TestContext, app: { callback: Koa['callback'] }) {
  const server = createServer(app.callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.after(() => {
    client.close()
    server.close()
  })
  return async (path: string, cookie = '') => {
    const stream = client.request({ ':path': path, 'sec-fetch-mode': 'navigate', ...(cookie && { cookie }) })
    const headers = await new Promise<IncomingHttpHeaders>((resolve) => stream.once('response', resolve))
    let text = ''
    for await (const piece of stream.setEncoding('utf8')) text += piece
    return { headers, text }
  }
}

async function assertSignedInOver2(get: Get, path: string) {
  const { headers, text } = await get(path)
  const setCookies = headers['set-cookie'] ?? []
  assert.deepEqual([headers[':status'], text], [200, 'done'], path)
  assert.ok(setCookies.includes('theme=dark'), `${path}: ${setCookies}`)
  assert.equal(headers['cache-control'], 'private, no-store', path)
  assert.equal(headers['cdn-cache-control'], undefined, path)
  const own = setCookies.filter((cookie) => cookie.startsWith(`${NAME}=`))
  assert.equal(own.length, 1, path)
  const { userName } = JSON.parse((await get('/read', own[0]?.split(';')[0])).text) as Described
  assert.equal(userName, 'Ana', path)
}

test('[RESP-4] the compatibility API of HTTP/2 sends the session cookie', async (t) => {
  const warnings = collectProcessWarnings(t)
  const pages: Record<string, Handler> = {
    '/object': loginBy(head(200, OWN)),
    '/message': loginBy(head(200, 'Fine', OWN)),
    '/flat': loginBy(head(200, FLAT)),
    '/pairs': loginBy(head(200, PAIRS)),
    '/flush': loginBy((res) => {
      res.setHeader('Set-Cookie', 'theme=dark')
      res.flushHeaders()
      res.end('done')
    }),
    '/body': async (session, ctx) => {
      await session.setPrivileges(ANA, { login: true })
      ctx.append('Set-Cookie', 'theme=dark')
      ctx.set('Cache-Control', PUBLIC)
      ctx.body = 'done'
    },
    '/thrown': async (session) => {
      await session.setPrivileges(ANA, { login: true })
      throw Object.assign(new Error('done'), { expose: true, status: 200, headers: { 'Set-Cookie': 'theme=dark' } })
    },
  }
  const { manager } = await startLayer(t, {}, { guests: 'first-request' })
  const app = new Koa<Koa.DefaultState, { session: LayerSession }>()
  app.silent = true
  app.use(sessions(manager))
  app.use(async (ctx) => {
    const page = pages[ctx.path]
    if (page) await page(ctx.session, ctx)
    else ctx.body = JSON.stringify(describe(ctx.session))
  })
  const get = await connectTo(t, app)
  for (const path of Object.keys(pages)) await assertSignedInOver2(get, path)
  assert.deepEqual(
    warnings.map(({ name }) => name),
    ['UnsupportedWarning'],
    'Node ignores the status message, as it does without sessions()',
  )
  // HTTP/2 sends the host in the pseudo-header :authority.
  assert.equal((await get('/read')).headers['set-cookie']?.length, 1)
})

test('[RESP-4] over HTTP/2, the response keeps the session cookie when a middleware above sessions() changes the response head', async (t) => {
  const get = await connectTo(t, await wrapped(t))
  for (const path of Object.keys(ABOVE)) await assertSignedInOver2(get, path)
})

test('a minor garbage collection frees the responses with a session cookie', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void
  const respond = (times: number) => {
    for (let n = 0; n < times; n++) {
      const res = new ServerResponse(new IncomingMessage(new Socket()))
      sessionHeaders(res).setCookie(`${NAME}=token; Path=/; HttpOnly`)
      res.writeHead(200)
    }
  }
  const COUNT = 1000
  respond(COUNT)
  collect()
  const { heapUsed } = process.memoryUsage()
  for (let n = 0; n < COUNT; n += 100) {
    respond(100)
    collect({ type: 'minor' })
    collect({ type: 'minor' })
  }
  const kept = (process.memoryUsage().heapUsed - heapUsed) / COUNT
  assert.ok(kept < 1000, `${kept} bytes of each response are kept`)
})
