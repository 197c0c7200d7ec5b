// npm run bench:pages: measures the processor time of the demo's pages, and the time from the start to the first page.
//   npm run bench:pages                    nine rounds, about a minute
//   npm run bench:pages -- ../other        measures another checkout too, in the same rounds
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import autocannon from 'autocannon'
import { median } from './table.mjs'

const ROUNDS = 9
const CONNECTIONS = 20
const REQUESTS = 1000
const PAGES = { health: '/healthz', welcome: '/authenticationOK.shtml', customers: '/customers' }
// Tells the processor time of the server when it is asked.
const METER = `process.on('message', () => process.send(process.cpuUsage())); process.channel.unref()`

const folder = mkdtempSync(join(tmpdir(), 'bench-pages-'))
const checkouts = [resolve(import.meta.dirname, '..'), ...process.argv.slice(2).map((path) => resolve(path))].map(
  (root, index) => ({ root, data: join(folder, `${index}-`), rows: {} }),
)
try {
  // The first start creates the database and the compile cache, and is not measured.
  for (const checkout of checkouts) checkout.server = await start(checkout)
  for (const { server } of checkouts) server.cookie = await logIn(server.url)
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { root, data, rows, server } of checkouts) {
      const add = (name, value) => round > 0 && (rows[name] ??= []).push(value)
      for (const [name, path] of Object.entries(PAGES)) add(`${name}, CPU µs`, await perRequest(server, path))
      const second = await start({ root, data })
      add('start to first page, ms', second.milliseconds)
      add('start to first page, CPU ms', (await processorTime(second)) / 1000)
      await stop(second)
    }
  }
  for (const { root, rows } of checkouts) {
    console.log(root)
    for (const [name, values] of Object.entries(rows)) {
      const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)].map(Math.round)
      console.log(`  ${name.padEnd(28)} ${String(middle).padStart(6)}   (${least} to ${most})`)
    }
  }
} finally {
  for (const { server } of checkouts) if (server) await stop(server)
  rmSync(folder, { recursive: true, force: true })
}

async function start({ root, data }) {
  const began = performance.now()
  const child = fork(join(root, 'scripts/run.mjs'), ['src/main.ts'], {
    execArgv: ['--import', `data:text/javascript,${encodeURIComponent(METER)}`],
    env: {
      ...process.env,
      DATABASE_URL: `sqlite:${data}crm.sqlite`,
      SESSION_STORE: `sqlite:${data}sessions.sqlite`,
      NODE_COMPILE_CACHE: `${data}cache`,
      PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  let text = ''
  for await (const chunk of child.stdout) if (/ at http\S+/.test((text += chunk))) break
  const url = /http\S+/.exec(text)[0].replace('localhost', '127.0.0.1')
  await (await fetch(url)).text()
  return { child, url, milliseconds: performance.now() - began }
}

async function logIn(url) {
  const body = new URLSearchParams({ userId: '1', password: 'crm-demo' })
  const answer = await fetch(`${url}/4DACTION/authenticate`, { method: 'POST', body, redirect: 'manual' })
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}

async function perRequest(server, path) {
  const before = await processorTime(server)
  const options = {
    url: server.url + path,
    connections: CONNECTIONS,
    amount: REQUESTS,
    headers: { cookie: server.cookie },
  }
  const { errors, non2xx } = await autocannon(options)
  if (errors + non2xx > 0) throw new Error(`${path}: ${errors} requests failed, ${non2xx} were refused: no figures.`)
  return ((await processorTime(server)) - before) / REQUESTS
}

async function processorTime({ child }) {
  child.send('processor time?')
  const [{ user, system }] = await once(child, 'message')
  return user + system
}

async function stop({ child }) {
  const ended = once(child, 'exit')
  child.kill()
  await ended
}
