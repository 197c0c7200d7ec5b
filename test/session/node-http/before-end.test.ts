import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { createSessions, type Session, type SessionStore, type Sessions } from '../../../src/session/index.ts'
import { sessionHandler } from '../../../src/session/node-http/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { Browser } from '../../../src/session/testing/adapter/client.ts'
import { http2Proxy } from '../adapters/http2-proxy.ts'
import { listening } from '../adapters/listening.ts'
import { collectProcessWarnings } from '../support/process-warnings.ts'

type Handler = (res: ServerResponse, logIn: () => Promise<void>) => unknown
type OnError = (error: unknown, req: IncomingMessage, res: ServerResponse) => unknown

/** Returns the response of a handler that may log a user in. */
async function responseOf(t: TestContext, handler: Handler, onError?: OnError) {
  const manager = createSessions({ appName: 'A', store: slowStore(), guests: 'first-write', secureCookie: false })
  const logInTo = (session: Session) => async () => session.setPrivileges({ userId: '4' }, { login: true })
  const listener = sessionHandler(
    manager,
    (_req, res, session) => handler(res, logInTo(session as unknown as Session)),
    onError && { onError },
  )
  const server = await listening(createServer(listener), manager as never)
  t.after(() => server.close())
  const { status, headers, setCookies, text } = await new Browser(server.url).post('/')
  return { status, headers, text, cookies: setCookies.map((cookie) => cookie.split('=', 1)[0]) }
}

/** The calls of a store in memory finish before a stream sends its first part. */
function slowStore(): SessionStore {
  const slow = Object.entries(memoryStore()).map(([name, member]) => {
    if (typeof member !== 'function') return [name, member]
    return [name, (call: never) => new Promise((resolve) => setTimeout(resolve, 5)).then(() => member(call))]
  })
  return Object.fromEntries(slow)
}

test('[ADAPT-1] a response that is written in parts waits for its login, and arrives as written', {
  timeout: 20_000,
}, async (t) => {
  const long = 'x'.repeat(300_000)
  const parts: Record<string, Handler> = {
    written(res) {
      res.write(long)
      res.write('second')
      res.end('third')
    },
    piped: (res) => Readable.from([long, 'second', 'third']).pipe(res),
    'piped in short parts'(res) {
      const stream = new Readable({ read() {} })
      for (const part of ['x', long.slice(1), 'second', 'third', null]) stream.push(part)
      stream.pipe(res)
    },
  }
  for (const [name, send] of Object.entries(parts)) {
    const response = await responseOf(t, (res, logIn) => {
      void logIn()
      send(res, logIn)
    })
    assert.deepEqual([response.text.length, response.cookies], [long.length + 11, ['4DSID_A']], name)
    assert.ok(response.text.endsWith('secondthird'), name)
  }
})

test('[ADAPT-1] no part that follows a login overtakes a part that waits for the login', async (t) => {
  for (let turns = 0; turns < 8; turns++) {
    const response = await responseOf(t, async (res, logIn) => {
      const login = logIn()
      res.write('first')
      await login
      for (let turn = 0; turn < turns; turn++) await undefined
      res.end('second')
    })
    assert.deepEqual([response.text, response.cookies], ['firstsecond', ['4DSID_A']], `${turns} turns`)
  }
})

test('[ADAPT-1] a handler that throws while a part of its response waits ends the connection, and the process goes on', async (t) => {
  collectProcessWarnings(t)
  let calls = 0
  const failing = responseOf(t, async (res, logIn) => {
    calls++
    const login = logIn()
    res.write('first')
    await login
    throw new Error('too late for an error page')
  })
  await assert.rejects(failing)
  await new Promise(setImmediate)
  assert.equal(calls, 1)
})

test('[ADAPT-1] a stream goes on after the wait, also if the handler has flushed the head after the first part', async (t) => {
  const response = await responseOf(t, (res, logIn) => {
    void logIn()
    assert.equal(res.write('first'), false)
    res.flushHeaders()
    res.once('drain', () => res.end('second'))
    setTimeout(() => res.destroy(), 2000).unref()
  })
  assert.deepEqual([response.text, response.cookies], ['firstsecond', ['4DSID_A']])
})

for (const version of ['HTTP/1.1', 'HTTP/2'])
  test(`[ADAPT-1] with two managers, a response waits for the login of each (${version})`, async () => {
    for (const send of [(res: ServerResponse) => res.end('first, second'), sendInParts]) {
      const [one, other] = ['ONE', 'OTHER'].map((appName) =>
        createSessions({ appName, store: slowStore(), guests: 'first-request', secureCookie: false }),
      ) as [Sessions, Sessions]
      const inner = sessionHandler(other, (_req, res, session) => {
        void session.setPrivileges({ userId: '4' }, { login: true })
        send(res)
      })
      const outer = sessionHandler(one, inner)
      const isHttp2 = version === 'HTTP/2'
      const server = await listening((isHttp2 ? createHttp2Server(outer) : createServer(outer)) as Server, one as never)
      const proxy = isHttp2 ? await http2Proxy(server.url) : { url: server.url, close: async () => {} }
      const { text, setCookies } = await new Browser(proxy.url).post('/')
      assert.deepEqual(
        [text, setCookies.map((cookie) => cookie.split('=', 1)[0]).sort()],
        ['first, second', ['4DSID_ONE', '4DSID_OTHER']],
      )
      await proxy.close()
      await server.close()
      await other.close()
    }
  })

function sendInParts(res: ServerResponse): void {
  res.writeHead(200, { 'Content-Type': 'text/plain' })
  res.write('first, ')
  res.end('second')
}

test('[ADAPT-1] a response that waits is complete: later calls and a later error of the handler do not change it', async (t) => {
  let isShown: boolean[] = []
  const { status, text, cookies } = await responseOf(t, (res, logIn) => {
    void logIn()
    res.end('first')
    isShown = [res.headersSent, res.writableEnded]
    assert.throws(() => res.writeHead(404), { code: 'ERR_HTTP_HEADERS_SENT' })
    res.write('second')
    res.statusCode = 404
    res.end('third')
    throw Object.assign(new Error('the handler fails after its response'), { status: 418 })
  })
  assert.deepEqual([status, text, cookies, isShown], [200, 'first', ['4DSID_A'], [true, true]])
})

test('[ADAPT-1] a head that the handler flushes arrives before the body, with the cookie of a login', async (t) => {
  const manager = createSessions({ appName: 'A', store: memoryStore(), guests: 'first-write', secureCookie: false })
  const responses: ServerResponse[] = []
  const listener = sessionHandler(manager, (_req, res, session) => {
    void session.setPrivileges({ userId: '4' }, { login: true })
    responses.push(res)
    res.flushHeaders()
  })
  const server = await listening(createServer(listener), manager as never)
  t.after(() => server.close())
  const response = await new Browser(server.url).open('/', { method: 'POST' })
  assert.equal(response.headers['set-cookie']?.length, 1)
  responses[0]?.end()
  response.resume()
})

test('[ADAPT-1] a response that Node refuses after the wait gets the answer to an error', async (t) => {
  const onError: OnError = (error, _req, res) => void res.writeHead(500).end((error as { code?: string }).code)
  const refused: [send: Handler, code: string][] = [
    [(res) => res.end(5 as never), 'ERR_INVALID_ARG_TYPE'],
    [(res) => Object.assign(res, { statusCode: 1000 }).end('x'), 'ERR_HTTP_INVALID_STATUS_CODE'],
  ]
  for (const [send, code] of refused) {
    const { status, text } = await responseOf(
      t,
      (res, logIn) => {
        void logIn()
        send(res, logIn)
      },
      onError,
    )
    assert.deepEqual([status, text], [500, code])
  }
})

test('[ADAPT-1] an error page has the cookies of the application and its security headers, and nothing of the failed body', async (t) => {
  const { status, headers, cookies, text } = await responseOf(t, async (res, logIn) => {
    await logIn()
    res.setHeader('Set-Cookie', ['one=1', 'two=2'])
    res.setHeader('Content-Security-Policy', "default-src 'none'")
    res.setHeader('Content-Type', 'application/pdf')
    res.setHeader('Content-Encoding', 'gzip')
    res.setHeader('Content-Length', '1000')
    res.setHeader('ETag', '"1"')
    res.setHeader('Cache-Control', 'public, max-age=60')
    throw Object.assign(new Error('No tea is left.'), { status: 418, expose: true })
  })
  assert.deepEqual([status, text, cookies], [418, 'No tea is left.\n', ['one', 'two', '4DSID_A']])
  assert.equal(headers['content-security-policy'], "default-src 'none'")
  assert.equal(headers['cache-control'], 'private, no-store')
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  assert.deepEqual([headers['content-encoding'], headers.etag], [undefined, undefined])
  const withoutLogin = await responseOf(t, (res) => {
    res.setHeader('Cache-Control', 'public, max-age=60')
    throw Object.assign(new Error('No tea is left.'), { status: 418 })
  })
  assert.equal(withoutLogin.headers['cache-control'], 'private, no-store')
})

test('[ADAPT-1] an error of onError is answered with 500, and the process goes on', async (t) => {
  const fails = () => {
    throw Object.assign(new Error('onError fails'), { status: 500 })
  }
  const { status, text } = await responseOf(t, fails, fails)
  assert.deepEqual([status, text], [500, 'Internal Server Error\n'])
})
