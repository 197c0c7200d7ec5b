import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { CONNECTIONS, pages, SESSIONS } from './contestants.mjs'

const WARM_UP_SECONDS = 1

/** Starts a contestant in a process of its own, and sends requests for a second before the first measurement. */
export async function startContestant({ program, settings = [] }, workload, address) {
  const file = fileURLToPath(new URL(`servers/${program}`, import.meta.url))
  const server = fork(file, [address, ...settings])
  const stop = async () => {
    const ended = once(server, 'exit')
    server.kill()
    await ended
  }
  const [{ port }] = await once(server, 'message')
  const url = `http://127.0.0.1:${port}`
  const { path, bring } = pages[workload]
  const visitors = bring === 'nothing' ? [] : await signIn(url, bring)

  /** Returns the requests per second, and the microseconds of processor time per request. */
  const measure = async (seconds) => {
    const before = await processorTime(server)
    const { answered, elapsed } = await load(`${url}${path}`, visitors, seconds)
    const spent = (await processorTime(server)) - before
    return { perSecond: answered / elapsed, microseconds: spent / answered }
  }
  await measure(WARM_UP_SECONDS)
  return { measure, stop }
}

async function signIn(url, bring) {
  const visitors = []
  for (let visitor = 0; visitor < SESSIONS; visitor++) {
    const answer = await fetch(bring === 'token' ? `${url}/api/signin` : `${url}/login`)
    if (!answer.ok) throw new Error(`The server answered ${answer.status} to a login.`)
    visitors.push(bring === 'token' ? tokenHeader(await answer.json()) : cookieHeader(answer.headers))
  }
  return visitors
}

function tokenHeader({ token }) {
  return { authorization: `Bearer ${token}` }
}

function cookieHeader(headers) {
  const pairs = headers.getSetCookie().map((cookie) => cookie.split(';')[0])
  return { cookie: pairs.join('; ') }
}

async function load(url, visitors, seconds) {
  let connection = 0
  const setupClient = (client) => {
    const own = visitors.slice(2 * connection, 2 * connection + 2)
    connection++
    if (own.length > 0) client.setRequests(own.map((headers) => ({ headers })))
  }
  const options = { url, connections: CONNECTIONS, duration: seconds, setupClient }
  const { requests, duration, errors, non2xx } = await autocannon(options)
  if (errors + non2xx > 0) throw new Error(`${url}: ${errors} requests failed, ${non2xx} were refused: no figures.`)
  return { answered: requests.total, elapsed: duration }
}

async function processorTime(server) {
  server.send('processor time?')
  const [{ user, system }] = await once(server, 'message')
  return user + system
}
