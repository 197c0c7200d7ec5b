import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import test from 'node:test'
import { type Demo, startDemo } from '../../support/demo.ts'
import { sessionIdOf } from '../../support/pages.ts'
import { newestLink, signUpAs } from '../../support/sign-up.ts'
import type { Visitor } from '../../support/visitor.ts'

test('[MAIL-2] the waiting page is notified at once when the link is opened elsewhere', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const stream = await listen(demo, ana)
  assert.match(String(stream.headers['content-type']), /^text\/event-stream/)
  assert.match(await stream.until(/event: status\n.*\n/), /"step":"Waiting for validation email"/)
  await demo.visitor().get(await newestLink(demo, 'ana@example.com'))
  assert.match(await stream.until(/"step":"Email validated"/), /event: status/)
  stream.close()
})

test('a stream does not count as activity, sets no cookie, and ends with the session; then it is 204', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const before = (await demo.parts.sessions?.get(sessionIdOf(ana)))?.lastAccessTime
  demo.clock.advance({ minutes: 5 })
  const stream = await listen(demo, ana)
  assert.equal(stream.headers['set-cookie'], undefined)
  assert.deepEqual((await demo.parts.sessions?.get(sessionIdOf(ana)))?.lastAccessTime, before)
  await demo.parts.sessions?.end(sessionIdOf(ana))
  await stream.ended
  for (const visitor of [ana, demo.visitor()]) {
    const { status, setCookies } = await visitor.get('/signup/events', STREAM)
    assert.deepEqual([status, setCookies], [204, []])
  }
})

test('a browser has one stream: a second one ends the first, and every stream ends after five minutes', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const first = await listen(demo, ana)
  const second = await listen(demo, ana)
  assert.match(await first.until(/event: elsewhere/), /elsewhere/)
  await first.ended
  assert.equal(demo.parts.streams.size, 1)
  demo.clock.advance({ minutes: 5 })
  await second.ended
  assert.equal(demo.parts.streams.size, 0)
})

test('leaving the page ends its stream without an error', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const stream = await listen(demo, ana)
  stream.close()
  while (demo.parts.streams.size > 0) await new Promise((resolve) => setImmediate(resolve))
  await ana.get('/signup/waiting')
  assert.doesNotMatch(demo.log.join(''), /response failed/)
})

test('a server that stops ends the streams first and opens no more', async (t) => {
  const demo = await startDemo(t)
  const ana = demo.visitor()
  await signUpAs(demo, ana, 'ana@example.com')
  const stream = await listen(demo, ana)
  demo.parts.streams.stop()
  await stream.ended
  assert.equal((await ana.get('/signup/events', STREAM)).status, 204)
})

const STREAM = {
  Accept: 'text/event-stream',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Dest': 'empty',
  'Sec-Fetch-Site': 'same-origin',
}

function listen(demo: Demo, visitor: Visitor) {
  const Cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return new Promise<Listening>((resolve, reject) => {
    const asked = request(`${demo.url}/signup/events`, { headers: { ...STREAM, Cookie } }, (response) =>
      resolve(readAlong(response)),
    )
    asked.on('error', reject)
    asked.end()
  })
}

interface Listening {
  headers: IncomingMessage['headers']
  ended: Promise<void>
  until(pattern: RegExp): Promise<string>
  close(): void
}

function readAlong(response: IncomingMessage): Listening {
  let text = ''
  const ended = new Promise<void>((resolve) => response.once('close', resolve))
  response.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  return {
    headers: response.headers,
    ended,
    close: () => response.destroy(),
    async until(pattern) {
      while (!pattern.test(text)) {
        const more = new Promise<void>((resolve) => response.once('data', () => resolve()))
        await Promise.race([more, ended.then(() => assert.fail(`the stream ended without ${pattern}: ${text}`))])
      }
      return text
    },
  }
}
