import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { Browser } from '../../src/session/testing/adapter/client.ts'
import { type ContractServer, proveAdapter } from '../../src/session/testing/adapter-contract.ts'
import { proveExample, startProgram } from '../conversation.ts'
import { proveDocumentedCode } from '../documented-code.ts'

const NEXT = 'node_modules/next/dist/bin/next'
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }
const build = (folder: string) =>
  promisify(execFile)(process.execPath, [NEXT, 'build', folder], { cwd: import.meta.dirname, env })
const start = (folder: string, settings: Record<string, string> = {}) =>
  startProgram(import.meta.dirname, process.execPath, [NEXT, 'start', folder, '--hostname', '127.0.0.1'], settings)

before(() => Promise.all([build('.'), build('contract')]), { timeout: 120_000 })

proveDocumentedCode('nextjs.md', import.meta.dirname)

proveExample('Next.js', () => start('.'), { login: '/api/login', count: '/api/count', logout: '/api/logout' })

// Each contract has its own server, because the start of a server takes about a second.
const servers = new Map<string, Promise<ContractServer>>()
const shared = async (guests: string): Promise<ContractServer> => {
  if (!servers.has(guests)) servers.set(guests, start('contract', { GUESTS: guests }))
  return { url: (await servers.get(guests))?.url ?? '', close: async () => {} }
}
after(async () => {
  for (const server of servers.values()) await (await server).close()
})
proveAdapter('Next.js', shared)

for (const [how, status] of Object.entries({ redirect: 307, notFound: 404, throw: 500, answer: 200 }))
  test(`[ADAPT-11] Next.js: the cookie of a login and a cookie of Next.js are in the response after: ${how}`, async () => {
    const { url } = await shared('first-write')
    const browser = new Browser(url)
    const response = await browser.post(`/control?how=${how}`)
    assert.equal(response.status, status)
    if (how === 'redirect') assert.equal(response.headers.location, '/after;a=1')
    assert.deepEqual([...browser.cookies.keys()].sort(), ['__Host-4DSID_CONTRACT', 'theme'])
    const session = response.setCookies.find((cookie) => cookie.startsWith('__Host-4DSID_CONTRACT='))
    assert.match(session ?? '', /Path=\/.*HttpOnly.*SameSite=lax/i)
    assert.match(String(response.headers['cache-control']), /no-store/)
    assert.equal((await browser.state()).userName, 'Ana Lima')
  })

test('[ADAPT-16] Next.js: a Server Component and a Server Action read and write the session, but cannot log a user in', async () => {
  const { url } = await shared('first-write')
  const browser = new Browser(url)
  await browser.post('/login')
  const outputOf = (text: string) => /<output>([^<]*)/.exec(text)?.[1]
  const page = await browser.get('/action')
  assert.match(outputOf(page.text) ?? '', /^Ana Lima 0/)
  const action = /name="(\$ACTION_ID_\w+)"/.exec(page.text)?.[1] ?? ''
  const body = `--x\r\nContent-Disposition: form-data; name="${action}"\r\n\r\n\r\n--x--\r\n`
  const sent = await browser.post('/action', { body, headers: { 'Content-Type': 'multipart/form-data; boundary=x' } })
  assert.equal(outputOf(sent.text), 'Ana Lima 1 HEADERS_SENT')
})
