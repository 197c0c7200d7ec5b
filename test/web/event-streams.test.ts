import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import Koa, { type Context } from 'koa'
import { manualClock } from '../../src/session/testing/manual-clock.ts'
import { EventStreams, MOST_STREAMS } from '../../src/web/event-streams.ts'
import { startDemo } from '../support/demo.ts'
import { openStream } from '../support/stream.ts'
import type { Visitor } from '../support/visitor.ts'

test('[CAP-1] a session has at most six event streams, and does not shut out others or the console', async (t) => {
  const demo = await startDemo(t)
  const [ada, bo, administrator] = [demo.visitor(), demo.visitor(), demo.visitor()]
  await ada.logInWell(4)
  await bo.logInWell(5)
  await administrator.logInWell(6)
  const open = (visitor: Visitor, path = '/session/events') => openStream(demo.url + path, visitor)
  // With another cookie value before the valid one, each request looks like another browser.
  const disguised = (number: number) => {
    const copy = ada.copy()
    copy.cookies.set('4DSID_Tessera', `x${number}; 4DSID_Tessera=${ada.sessionCookie}`)
    return open(copy)
  }
  const streams = await Promise.all(Array.from({ length: 20 }, (_, number) => disguised(number)))
  const statuses = streams.map(({ status }) => status).sort()
  assert.deepEqual(statuses, [...Array(MOST_STREAMS.session).fill(200), ...Array(14).fill(429)])
  const refused = streams.find(({ status }) => status === 429)
  await refused?.ended
  assert.match(refused?.text() ?? '', /Your session may have 6 event streams at a time\. Close a page/)
  assert.equal(refused?.headers['retry-after'], '30')
  assert.equal((await open(bo)).status, 200)
  assert.equal((await open(administrator, '/admin/sessions/events')).status, 200)

  streams.find(({ status }) => status === 200)?.close()
  while (demo.parts.streams.size === MOST_STREAMS.session + 2) await new Promise(setImmediate)
  assert.equal((await disguised(21)).status, 200, 'a closed stream frees its place')
  demo.parts.streams.stop()
})

test('[CAP-1] a client that left before its stream opened takes no place', async (t) => {
  const streams = new EventStreams(manualClock())
  const app = new Koa()
  const opened = new Promise((resolve) => {
    app.use(async (ctx) => {
      asked.destroy()
      await once(ctx.res, 'close')
      resolve(streams.open(ctx, 'key', new AbortController().signal, { session: { id: '1', isGuest: () => false } }))
    })
  })
  const server = app.listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const asked = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).on('error', () => {})
  asked.end()
  assert.equal(await opened, undefined)
  assert.equal(streams.size, 0)
})

test('[CAP-2] an address has at most fifty event streams, its guests have at most two, and an IPv6 /64 counts as one address', () => {
  const streams = new EventStreams(manualClock(), { most: 330 })
  let sessions = 0
  const open = (ip: string, { isGuest = false, isReserved = false } = {}) => {
    const id = String(sessions++)
    const ctx = Object.assign(new EventEmitter(), { ip, res: new EventEmitter(), set() {} }) as unknown as Context
    try {
      const session = { id, isGuest: () => isGuest }
      return streams.open(ctx, id, new AbortController().signal, { session, isReserved, whenFull: 503 }) && 200
    } catch (error) {
      return (error as { status: number }).status
    }
  }
  const refusedAfter = (address: (number: number) => string, options = {}) => {
    for (let number = 0; number < 2000; number++) if (open(address(number), options) !== 200) return number
    return Number.POSITIVE_INFINITY
  }
  assert.equal(
    refusedAfter(() => '203.0.113.7', { isGuest: true }),
    2,
  )
  assert.equal(
    refusedAfter(() => '203.0.113.7'),
    48,
  )
  assert.equal(
    refusedAfter((number) => `2001:db8::${number.toString(16)}`),
    50,
  )
  assert.equal(
    refusedAfter((number) => `2001:db8:0:${(number + 1).toString(16)}::1`),
    200,
  )
  assert.equal(open('203.0.113.8'), 200)
  assert.equal(open('203.0.113.7', { isReserved: true }), 200, 'the console')
  assert.equal(
    refusedAfter((number) => `198.51.${number >> 8}.${number & 255}`),
    330 - 302,
  )
  assert.equal(
    refusedAfter(() => '203.0.113.9', { isReserved: true }),
    20,
    'places for the console',
  )
  streams.stop()
})
