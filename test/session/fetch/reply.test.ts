import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sessionHandler } from '../../../src/session/fetch/index.ts'
import { ANA, cookieOf, requestOf, type StoredSession, streamUntil, watchedManager } from './fetch-client.ts'

const STREAMS = [
  { 'Content-Type': 'text/event-stream' },
  { 'Content-Type': 'application/x-ndjson' },
  { 'Content-Type': 'application/octet-stream' },
  { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'chunked' },
  {},
]
const EVENTS = { headers: { 'Content-Type': 'text/event-stream' } }

/** A handler that logs a user in with POST, and otherwise answers with `answer`. */
async function pages(answer: (session: StoredSession) => Response | Promise<Response>) {
  const { manager, watching } = watchedManager()
  const handle = sessionHandler(
    manager,
    async (request, session) => {
      if (request.method !== 'POST') return answer(session)
      if (request.url.endsWith('/logout')) await session.close()
      else await session.setPrivileges(ANA, { login: true })
      return new Response()
    },
    { onError: () => new Response('It failed.', { status: 500 }) },
  )
  const cookie = cookieOf(await handle(requestOf('/login', { method: 'POST' }), undefined))
  const send = (path = '/', sent: Parameters<typeof requestOf>[1] = {}) =>
    handle(requestOf(path, { cookie, ...sent }), undefined)
  return { send, handle, watching, cookie }
}

/** Waits for the first check of a signal: the store answers a turn after the signal was read. */
function firstCheck(): Promise<void> {
  return new Promise(setImmediate)
}

test('[ADAPT-13] a stream that reads the signal after the response was returned ends with the session', async () => {
  for (const headers of STREAMS) await endsWithSession(headers)
})

async function endsWithSession(headers: Record<string, string>): Promise<void> {
  const { send, watching } = await pages((session) => {
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode('open\n'))
        await new Promise(setImmediate)
        session.signal.addEventListener('abort', () => controller.close())
      },
    })
    return new Response(body, { headers })
  })
  const response = await send()
  const reader = (response.body as ReadableStream).getReader()
  assert.equal((await reader.read()).done, false)
  const last = reader.read()
  await new Promise(setImmediate)
  await firstCheck()
  assert.equal(watching(), 1)
  await send('/logout', { method: 'POST' })
  assert.equal((await last).done, true)
  assert.equal(watching(), 0)
}

test('[ADAPT-13] after a page, reading the signal too late is an error that says what to do', async () => {
  let late: StoredSession | undefined
  const { send } = await pages((session) => {
    late = session
    return new Response('a page', { headers: { 'Content-Type': 'text/html' } })
  })
  await (await send()).text()
  assert.throws(() => late?.signal, /read the signal before you return the response/)
})

for (const [name, end] of Object.entries<(response: Response, leave: () => void) => unknown>({
  'its body is read to the end': (response) => response.text(),
  'the client leaves': (_response, leave) => leave(),
  'the server cancels the body': (response) => response.body?.cancel(),
}))
  test(`[ADAPT-13] nothing waits for the end of the session after a response when ${name}`, async () => {
    const { send, watching } = await pages((session) => {
      assert.equal(session.signal.aborted, false)
      return new Response('a page')
    })
    const client = new AbortController()
    const request = requestOf('/', { signal: client.signal })
    const response = await send('/', { signal: client.signal })
    await firstCheck()
    assert.equal(watching(), 1)
    await end(response, () => client.abort())
    assert.equal(watching(), 0)
    assert.deepEqual(getEventListeners(request.signal, 'abort'), [])
  })

test('[ADAPT-13] nothing waits for the end of the session after the body has failed', async () => {
  const { send, watching } = await pages((session) => {
    assert.equal(session.signal.aborted, false)
    const body = new ReadableStream({
      pull() {
        throw new Error('the body fails')
      },
    })
    return new Response(body)
  })
  await assert.rejects((await send()).text(), /the body fails/)
  assert.equal(watching(), 0)
})

test('[ADAPT-13] nothing waits for the end of the session after a redirect, HEAD, or an error', async () => {
  let { body, isOpen } = streamUntil(() => new AbortController().signal)
  const { send, watching } = await pages((session) => {
    const { signal } = session
    ;({ body, isOpen } = streamUntil(() => signal))
    return new Response(body, EVENTS)
  })
  const head = await send('/', { method: 'HEAD' })
  assert.deepEqual([head.body, head.headers.get('content-type')], [null, 'text/event-stream'])
  assert.deepEqual([watching(), isOpen()], [0, false])
  const gone = AbortSignal.abort()
  await send('/', { signal: gone })
  assert.deepEqual([watching(), isOpen()], [0, false])

  const others = await pages((session) => {
    assert.equal(session.signal.aborted, false)
    return Response.redirect('http://shop.example/', 303)
  })
  await others.send()
  assert.equal(others.watching(), 0)

  const failing = await pages((session) => {
    assert.equal(session.signal.aborted, false)
    throw new Error('the handler fails')
  })
  await (await failing.send()).text()
  assert.equal(failing.watching(), 0)
})

test('[ADAPT-13] nothing waits for the end of the session after an error for which there is no error page', async () => {
  const { manager, watching } = watchedManager()
  let cookie = ''
  const fails = () => {
    throw new Error('the error page fails')
  }
  const handle = sessionHandler(
    manager,
    async (request, session) => {
      if (request.method === 'POST') await session.setPrivileges(ANA, { login: true })
      else {
        assert.equal(session.signal.aborted, false)
        throw new Error('the handler fails')
      }
      return new Response()
    },
    { onError: fails },
  )
  cookie = cookieOf(await handle(requestOf('/', { method: 'POST' }), undefined))
  await assert.rejects(handle(requestOf('/', { cookie }), undefined), /the error page fails/)
  assert.equal(watching(), 0)
})

test('[ADAPT-13] nothing waits for the end of the session after the server has dropped the body', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc')
  const { send, watching } = await pages((session) => {
    const { signal } = session
    return new Response(streamUntil(() => signal).body, EVENTS)
  })
  await send()
  for (let round = 0; round < 50 && watching() > 0; round++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    collectGarbage()
  }
  assert.equal(watching(), 0)
})
