import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSession, sessionHandler, tokenHandler } from '../../../src/session/fetch/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { collectProcessWarnings } from '../support/process-warnings.ts'
import { ANA, COOKIE, cookieOf, cookiesOf, requestOf, type StoredSession, watchedManager } from './fetch-client.ts'

const login = (session: StoredSession) => session.setPrivileges(ANA, { login: true })

async function consumed(): Promise<Response> {
  const response = new Response('a page')
  await response.text()
  return response
}

function locked(): Response {
  const response = new Response('a page')
  response.body?.getReader()
  return response
}

for (const [name, answer] of Object.entries<() => unknown>({
  'the handler throws a text': () => {
    throw 'a text'
  },
  'the handler returns nothing': () => undefined,
  'the handler returns a response whose body was read': consumed,
  'the handler returns a response whose body has a reader': locked,
}))
  test(`[ADAPT-11] when ${name}, the error page has the cookie of the login`, async (t) => {
    const warnings = collectProcessWarnings(t)
    const { manager } = watchedManager()
    const handle = sessionHandler(manager, async (_request, session) => {
      await login(session)
      return answer() as Response
    })
    const response = await handle(requestOf('/', { method: 'POST' }), undefined)
    assert.equal(response.status, 500)
    assert.deepEqual(cookiesOf(response), [COOKIE])
    await new Promise(setImmediate)
    assert.equal(warnings.length, 1)
  })

test('[ADAPT-11] the response waits for a login that begins while the response waits for the previous call', async () => {
  const { manager } = watchedManager()
  const handle = sessionHandler(manager, (_request, session) => {
    void session
      .use((storage) => {
        storage.count = 1
      })
      .then(() => login(session))
    return new Response('a page')
  })
  const response = await handle(requestOf('/', { method: 'POST' }), undefined)
  const misspelt = readSession(manager, new Headers(), { adress: null } as never)
  await assert.rejects(misspelt, /adress is not an option of readSession\(\)\. Did you mean address\?/)
  const { userName } = await readSession(manager, new Headers({ cookie: cookieOf(response) }))
  assert.equal(userName, 'Ana')
})

test('[ADAPT-12] a response that the handler returns for several requests passes no cookie on to another visitor', async () => {
  const { manager } = watchedManager()
  const home = new Response(null, { status: 303, headers: { Location: '/' } })
  const handle = sessionHandler(manager, async (request, session) => {
    if (request.method === 'POST') await login(session)
    return home
  })
  const ana = await handle(requestOf('/login', { method: 'POST' }), undefined)
  const other = await handle(requestOf('/'), undefined)
  assert.deepEqual([cookiesOf(ana), cookiesOf(other), cookiesOf(home)], [[COOKIE], [], []])
  assert.equal(other.headers.get('location'), '/')
})

test('[ADAPT-12] responses with fixed headers, with a null body and with several cookies get the headers of the session', async () => {
  const { manager } = watchedManager()
  // A data: URL answers like a server, with fixed headers.
  const proxied = await fetch('data:text/plain,from another server')
  const cookies = new Response('a page', {
    headers: [
      ['Set-Cookie', 'theme=dark'],
      ['Set-Cookie', 'size=2'],
    ],
  })
  for (const [answer, names] of [
    [Response.redirect('http://shop.example/', 303), [COOKIE]],
    [proxied, [COOKIE]],
    [new Response(null, { status: 204 }), [COOKIE]],
    [new Response(null, { status: 205 }), [COOKIE]],
    [new Response(null, { status: 304 }), [COOKIE]],
    [cookies, ['theme', 'size', COOKIE]],
  ] as const) {
    const handle = sessionHandler(manager, async (_request, session) => {
      await login(session)
      return answer
    })
    const response = await handle(requestOf('/', { method: 'POST' }), undefined)
    assert.equal(response.status, answer.status)
    assert.deepEqual(cookiesOf(response), names)
    assert.equal(response.headers.get('vary'), 'Cookie')
    assert.equal(response.headers.get('cache-control'), 'private, no-store')
    if (answer === proxied) assert.equal(await response.text(), 'from another server')
  }
})

test('[ADAPT-12] a network error and a switch to another protocol are returned as they are', async () => {
  const { manager, watching } = watchedManager()
  // Node makes no response with status 101. Deno makes one for the upgrade to a WebSocket.
  const upgraded = Object.defineProperty(new Response(null), 'status', { value: 101 })
  for (const answer of [Response.error(), upgraded]) {
    const cookie = await signedIn(manager)
    const handle = sessionHandler(manager, (_request, session) => {
      assert.equal(session.signal.aborted, false)
      return answer
    })
    assert.equal(await handle(requestOf('/', { cookie }), undefined), answer)
    assert.equal(watching(), 0)
  }
})

test('[ADAPT-14] two mounts of one manager share the session of a request', async () => {
  const { manager } = watchedManager({ guests: 'first-request' })
  const sessions: StoredSession[] = []
  const inner = sessionHandler(manager, async (_request, session) => {
    sessions.push(session)
    await login(session)
    return new Response('a page')
  })
  const outer = sessionHandler(manager, (request, session) => {
    sessions.push(session)
    return inner(request, undefined)
  })
  const request = requestOf('/', { method: 'POST' })
  const response = await outer(request, undefined)
  assert.equal(sessions[0], sessions[1])
  assert.deepEqual(cookiesOf(response), [COOKIE])
  assert.equal((await readSession(manager, new Headers({ cookie: cookieOf(response) }))).userName, 'Ana')
  assert.equal((await manager.list()).sessions.length, 1)
  await outer(request, undefined)
  assert.notEqual(sessions[2], sessions[0], 'a second response to the request can set its own cookie')
})

test('[ADAPT-14] a mount that gets a copy of the request keeps the cookie that the inner mount has set', async () => {
  const { manager } = watchedManager({ guests: 'first-request' })
  const inner = sessionHandler(manager, async (_request, session) => {
    await login(session)
    return new Response('a page')
  })
  const outer = sessionHandler(manager, (request) => inner(new Request(request), undefined))
  const response = await outer(requestOf('/', { method: 'POST' }), undefined)
  assert.equal((await readSession(manager, new Headers({ cookie: cookieOf(response) }))).userName, 'Ana')
  assert.equal((await manager.list()).sessions.length, 1)
})

test('[ADAPT-14] two mounts share the session of a bearer token, and the outer mount saves its variables', async () => {
  const { manager } = watchedManager()
  const headers = { Authorization: `Bearer ${await tokenOf(manager)}` }
  const colors: string[] = []
  const inner = tokenHandler(manager, (_request, session) => {
    colors.push(session.getSessionVar('color'))
    session.setSessionVar('color', 'red')
    return new Response('{}')
  })
  const outer = tokenHandler(manager, (request) => inner(request, undefined), { autoSave: true })
  for (let nth = 0; nth < 2; nth++) assert.equal((await outer(requestOf('/me', { headers }), undefined)).status, 200)
  assert.deepEqual(colors, ['', 'red'])
})

test('[ADAPT-15] if the variables of a bearer session cannot be saved, the client gets the error, and the body of the answer is cancelled', async () => {
  const store = memoryStore()
  const { manager } = watchedManager({ store })
  const token = await tokenOf(manager)
  let cancelled = false
  const body = () => new ReadableStream({ cancel: () => void (cancelled = true) })
  const handle = tokenHandler(
    manager,
    (_request, session) => {
      session.setSessionVar('color', 'red')
      store.update = () => Promise.reject(new Error('the store fails'))
      return new Response(body())
    },
    { autoSave: true },
  )
  const response = await handle(requestOf('/me', { headers: { Authorization: `Bearer ${token}` } }), undefined)
  assert.deepEqual([response.status, cancelled, response.headers.get('cache-control')], [503, true, 'no-store'])
})

test('[ADAPT-15] onRequestEnd runs once for a request whose page is replaced by an error page', async (t) => {
  collectProcessWarnings(t)
  const { manager } = watchedManager()
  const cookie = await signedIn(manager)
  let ended = 0
  const handle = sessionHandler(manager, () => locked(), { onRequestEnd: () => void ended++ })
  assert.equal((await handle(requestOf('/', { cookie }), undefined)).status, 500)
  assert.equal(ended, 1)
  await new Promise(setImmediate) // the warning is emitted later
})

test('[ADAPT-18] the session stores the client address that the application passes in', async () => {
  const { manager } = watchedManager()
  const handle = sessionHandler(
    manager,
    async (_request, session) => {
      await login(session)
      return new Response()
    },
    { address: (_request, server: { ip: string }) => server.ip },
  )
  await handle(requestOf('/', { method: 'POST' }), { ip: '192.0.2.7' })
  const [session] = (await manager.list()).sessions
  assert.equal(session?.devices[0]?.address, '192.0.2.7')
})

async function signedIn(manager: Parameters<typeof readSession>[0]): Promise<string> {
  const handle = sessionHandler(manager as never, async (_request, session: StoredSession) => {
    await login(session)
    return new Response()
  })
  return cookieOf(await handle(requestOf('/', { method: 'POST' }), undefined))
}

async function tokenOf(manager: Parameters<typeof readSession>[0]): Promise<string> {
  const handle = tokenHandler(manager, async (_request, session) => new Response(await session.newSession('4')), {
    anonymous: ['signin'],
  })
  return (await handle(requestOf('/signin', { method: 'POST' }), undefined)).text()
}
