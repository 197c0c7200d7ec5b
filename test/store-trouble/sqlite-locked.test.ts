import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { startDemo } from '../support/demo.ts'
import { Program, temporaryFolder } from '../support/process.ts'

test('while another process locks the sessions’ file, reads succeed and writes get 503, and afterwards all requests succeed', async (t) => {
  const file = join(temporaryFolder(t), 'sessions.sqlite')
  const demo = await startDemo(t, { sessionStore: { kind: 'sqlite', file } })
  const [reader, leaver, newcomer, first] = [demo.visitor(), demo.visitor(), demo.visitor(), demo.visitor()]
  await reader.logInWell(4)
  await leaver.logInWell(5)
  await newcomer.get('/')
  for (const visitor of [reader, leaver]) await visitor.get('/customers')

  const holder = new Program(t, { entry: 'test/support/hold-file.ts', args: [file] })
  await holder.printed(/held/)
  const [page, out, login, home] = await Promise.all([
    reader.get('/customers'),
    leaver.logOut(),
    newcomer.logIn(4),
    first.get('/'),
  ])
  assert.equal(page.status, 200)
  for (const { status, headers, setCookies } of [out, login])
    assert.deepEqual([status, headers['retry-after'], setCookies], [503, '5', []])
  assert.deepEqual([home.status, home.setCookies], [200, []], 'a visitor without a session sees the page')
  assert.equal((await demo.visitor().get('/readyz')).status, 200, 'people can be served')

  holder.kill('SIGKILL')
  await holder.ended
  assert.equal((await leaver.get('/customers')).status, 200, 'still signed in')
  assert.equal((await leaver.logOut()).status, 303)
  await newcomer.logInWell(4)
  assert.equal((await first.get('/')).setCookies.length, 1)
})
