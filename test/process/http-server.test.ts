import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { createLog } from '../../src/parts/log.ts'
import { type RunningServer, startServer } from '../../src/process/server.ts'
import { demoConfig, startDemo } from '../support/demo.ts'
import { settingsIn, temporaryFolder } from '../support/process.ts'
import { sendRaw } from '../support/raw-request.ts'
import { Visitor } from '../support/visitor.ts'

const HOST = 'Host: 127.0.0.1\r\nConnection: close\r\n'
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n'

/** Requests that a server refuses, with the status of the response. `form` is the path of a form. */
const malformed = (form: string): [name: string, request: string, status: number][] => [
  ['no HTTP at all', 'hello\r\n\r\n', 400],
  ['no Host header', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ['two Host headers', `GET / HTTP/1.1\r\n${HOST}Host: crm.example\r\n\r\n`, 400],
  ['two equal Host headers', `GET /healthz HTTP/1.1\r\n${HOST}host: 127.0.0.1\r\n\r\n`, 400],
  ['an address without a path', `GET http:// HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['an unknown expectation', `POST ${form} HTTP/1.1\r\n${HOST}Expect: tea\r\nContent-Length: 0\r\n\r\n`, 417],
  ['large headers', `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  [
    'large chunk extensions',
    `POST ${form} HTTP/1.1\r\n${HOST}${FORM}${CHUNKED}\r\n3;${'a'.repeat(20_000)}\r\nabc\r\n`,
    413,
  ],
  ['a malformed chunk', `POST ${form} HTTP/1.1\r\n${HOST}${FORM}${CHUNKED}\r\n3\r\nabc\r\nZZ\r\n`, 400],
  ['a length and chunks', `POST ${form} HTTP/1.1\r\n${HOST}${FORM}${CHUNKED}Content-Length: 3\r\n\r\nabc`, 400],
]

test('[ROUTE-3] [ROUTE-4] requests that cannot be read get security headers, and no line in the log at level error', async (t) => {
  const { server, errors } = await startAll(t)
  for (const [url, form] of [
    [server.url, '/logout'],
    [String(server.platformUrl), '/behaviour'],
  ] as const)
    for (const [name, request, status] of malformed(form)) {
      const response = await sendRaw(url, request)
      assert.match(response, new RegExp(`^HTTP/1.1 ${status} `), name)
      for (const header of [/^content-security-policy: default-src 'none'/im, /^cache-control: no-store/im])
        assert.match(response, header, name)
    }
  assert.deepEqual(errors(), [])
  assert.match(await sendRaw(server.url, 'GET /healthz HTTP/1.0\r\n\r\n'), /^HTTP\/1.1 200 /)
})

test('[ROUTE-4] a request with a damaged Host header, or with none in HTTP/1.0, causes no error of the server', async (t) => {
  const demo = await startDemo(t, { profile: 'production', publicUrl: 'https://crm.example' })
  for (const [version, host] of [
    ['1.0', ''],
    ...['', 'a b', '[', 'crm.example:99999'].map((name) => ['1.1', `Host: ${name}\r\n`]),
  ])
    for (const path of ['/', '/customers', '/validateEmail?$4DSID=1'])
      assert.doesNotMatch(
        await sendRaw(demo.url, `GET ${path} HTTP/${version}\r\n${host}Connection: close\r\n\r\n`),
        /^HTTP\/1.1 5/,
        host,
      )
  assert.deepEqual(
    demo.log.filter((line) => JSON.parse(line).level >= 50),
    [],
  )
})

test('[ROUTE-4] nothing is written into a response that has begun when the connection turns out to be malformed', async (t) => {
  const { server, errors } = await startAll(t)
  const visitor = new Visitor(server.url)
  await visitor.logInWell(4)
  const cookie = [...visitor.cookies].map((pair) => pair.join('=')).join('; ')
  const stream = `GET /session/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\n${CHUNKED}\r\n3\r\nabc\r\n`
  const response = await sendRaw(server.url, stream, { whenReceived: /retry/, send: 'ZZ\r\n' })
  assert.match(response, /^HTTP\/1.1 200 /)
  assert.equal(response.match(/HTTP\/1.1/g)?.length, 1)
  assert.deepEqual(errors(), [])
})

/** The server and its platform. */
async function startAll(t: TestContext): Promise<{ server: RunningServer; errors(): string[] }> {
  const lines: string[] = []
  const log = createLog(demoConfig(), { write: (line) => void lines.push(line) })
  const server = await startServer({ env: settingsIn(temporaryFolder(t)), log })
  t.after(() => server.stop())
  return { server, errors: () => lines.filter((line) => JSON.parse(line).level >= 50) }
}
