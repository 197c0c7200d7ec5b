import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { type TestContext } from 'node:test'
import { type Fleet, startFleetProcess, untilGone } from '../../support/fleet.ts'
import { Program, settingsIn, startServerProcess, temporaryFolder } from '../../support/process.ts'
import { startClients } from '../../support/restless-clients.ts'
import { GOOD_PASSWORD, readMailbox } from '../../support/sign-up.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'

const SIZE = 3
const CLIENTS = 12

test('as many workers as WEB_CONCURRENCY says serve requests, and they share all sessions', async (t) => {
  const fleet = await startFleetProcess(t, SIZE)
  assert.equal(fleet.workers().length, SIZE)
  const ana = fleet.visitor()
  await ana.logInWell(4)
  // Each copy opens its own connection, and the primary distributes connections to the workers in turn.
  const answers = await Promise.all(Array.from({ length: 12 }, () => ana.copy().get('/customers')))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  await ana.logOut()
  const late = await Promise.all(Array.from({ length: 12 }, () => ana.copy().get('/customers')))
  assert.deepEqual(new Set(late.map(({ status }) => status)), new Set([303]))
  await fleet.program.stop()
})

test('[PROC-3] a killed worker is replaced, all users stay signed in, and the stop of the server still closes the sessions', async (t) => {
  const env = settingsIn(temporaryFolder(t))
  const fleet = await startFleetProcess(t, SIZE, env)
  const ana = fleet.visitor()
  await ana.logInWell(4)
  const [victim = 0, other = 0] = fleet.workers()
  process.kill(victim, 'SIGKILL')
  await fleet.wholeAgainWithout(victim)
  assert.equal((await ana.copy().get('/customers')).status, 200)
  process.kill(other, 'SIGTERM')
  await fleet.wholeAgainWithout(other)
  assert.equal((await ana.copy().get('/customers')).status, 200)
  const [last = 0] = fleet.workers()
  process.kill(last, 'SIGKILL')
  assert.match((await fleet.program.stop()).stdout, /a worker died/)
  assert.equal(await isSignedIn(t, env, ana), false)
})

test('the rate limit of logins is shared by all workers', async (t) => {
  const fleet = await startFleetProcess(t, SIZE)
  const guesses = Array.from({ length: 30 }, (_, guess) => fleet.visitor().logIn(4, `guess ${guess}`))
  const statuses = (await Promise.all(guesses)).map(({ status }) => status)
  assert.equal(statuses.filter((status) => status === 422).length, 10)
  assert.equal(statuses.filter((status) => status === 429).length, 20)
})

test('workers can send mail and approval requests, which the primary forwards', async (t) => {
  const fleet = await startFleetProcess(t, SIZE)
  const newcomer = fleet.visitor()
  assert.equal((await newcomer.post('/signup', { email: 'zoe@example.org', password: GOOD_PASSWORD })).status, 303)
  const mail = await until('the mail is out', async () => (await readMailbox(fleet.visitor()))[0])
  assert.equal(mail.to, 'zoe@example.org')

  const ana = fleet.visitor()
  await ana.logInWell(4)
  const form = { customer: '1', percent: '5', reason: 'Many orders', scenario: 'state' }
  const asked = await ana.post('/operations', form)
  assert.equal(asked.status, 303, asked.text)
  assert.match((await ana.follow(asked)).text, /waits for|has been asked|waiting/i)
})

test('every worker answers with the metrics of all processes', async (t) => {
  const fleet = await startFleetProcess(t, SIZE)
  const ana = fleet.visitor()
  await ana.logInWell(4)
  await Promise.all(Array.from({ length: 9 }, () => ana.copy().get('/customers')))
  for (let time = 0; time < SIZE; time++) {
    const { text } = await fleet.visitor().get('/metrics')
    assert.equal(sumOf(text, 'crm_http_requests_total', 'route="/customers"'), 9)
    assert.equal(sumOf(text, 'crm_sessions_created_total', 'via="login"'), 1)
    assert.equal(sumOf(text, 'crm_sessions_live', 'kind="web"') > 0, true)
  }
})

test('[LIFE-4] when the server stops, the end of each worker closes no session, and the server then closes all sessions', async (t) => {
  const env = settingsIn(temporaryFolder(t))
  const fleet = await startFleetProcess(t, 2, env)
  const ana = fleet.visitor()
  await ana.logInWell(4)
  const workers = fleet.workers()
  const { stdout } = await fleet.program.stop()
  await untilGone(workers)
  assert.doesNotMatch(stdout, /a worker died/)

  assert.equal(await isSignedIn(t, env, ana), false)
})

test('[STOP-2] the stop of two workers resets no request of clients that pause up to 30 ms', async (t) => {
  for (let run = 0; run < 3; run++) {
    const fleet = await startFleetProcess(t, 2)
    const { asked, errors } = startClients(fleet.url, CLIENTS)
    await until('all clients are busy', async () => asked.total > 5 * CLIENTS)
    await fleet.program.stop()
    assert.deepEqual(new Set(await errors), new Set(['ECONNREFUSED']))
  }
})

test('[STOP-2] connections that wait to be accepted are served, also when the signal reaches all processes', async (t) => {
  const fleet = await startFleetProcess(t, 2)
  fleet.program.kill('SIGSTOP')
  const answers = await halfClosedRequests(fleet, 100)
  for (const worker of fleet.workers()) process.kill(worker, 'SIGTERM')
  fleet.program.kill('SIGTERM')
  fleet.program.kill('SIGCONT')
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['HTTP/1.1 200 OK']))
  const { code, stderr } = await fleet.program.ended
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
})

test('a connection that would go to a worker which has just died is served by another worker', async (t) => {
  const fleet = await startFleetProcess(t, 2)
  const [victim = 0] = fleet.workers()
  fleet.program.kill('SIGSTOP')
  process.kill(victim, 'SIGKILL')
  const answers = await halfClosedRequests(fleet, 4)
  fleet.program.kill('SIGCONT')
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['HTTP/1.1 200 OK']))
  await fleet.wholeAgainWithout(victim)
  await fleet.program.stop()
})

test('[STOP-1] a terminal that closes signals all processes, and the primary stops the workers gracefully', async (t) => {
  const fleet = await startFleetProcess(t, 2)
  const workers = fleet.workers()
  for (const worker of workers) process.kill(worker, 'SIGHUP')
  await Promise.all(Array.from({ length: 8 }, () => fleet.visitor().get('/')))
  assert.deepEqual(fleet.workers(), workers)
  fleet.program.kill('SIGHUP')
  const { code, stdout, stderr } = await fleet.program.ended
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  assert.doesNotMatch(stdout, /a worker died/)
})

test('workers do not outlive the primary', async (t) => {
  const fleet = await startFleetProcess(t, 2)
  const workers = fleet.workers()
  fleet.program.kill('SIGKILL')
  await untilGone(workers)
})

test('when a worker cannot start, the server exits, and both processes print the reason', async (t) => {
  const folder = temporaryFolder(t)
  const env = {
    ...settingsIn(folder),
    WEB_CONCURRENCY: '2',
    TLS_CERT: join(folder, 'none'),
    TLS_KEY: join(folder, 'none'),
  }
  const { code, stdout, stderr } = await new Program(t, { env }).run()
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
  assert.match(stderr, /TLS_CERT: there is no such file/)
  assert.match(stderr, /A worker ended before it could serve\. Its output above says why\.\n$/)
})

/** Starts a new server with the same settings, and asks whether this visitor is signed in. */
async function isSignedIn(t: TestContext, env: Record<string, string>, visitor: Visitor): Promise<boolean> {
  const back = new Visitor((await startServerProcess(t, { env })).url)
  for (const [name, value] of visitor.cookies) back.cookies.set(name, value)
  return (await back.get('/customers')).status === 200
}

function sumOf(metrics: string, name: string, label: string): number {
  const samples = metrics.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label))
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** Resolves when `count` clients are connected and have sent a request. The answers are the first lines. */
async function halfClosedRequests({ url }: Fleet, count: number): Promise<Promise<string>[]> {
  const { hostname, port, host } = new URL(url)
  const clients = Array.from({ length: count }, () => connect(Number(port), hostname))
  await Promise.all(clients.map((client) => once(client, 'connect')))
  return clients.map(async (client) => {
    const answer = text(client)
    client.end(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    return (await answer).split('\r\n', 1).join()
  })
}
