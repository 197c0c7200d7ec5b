// npm run bench:pages: measures the processor time of the demo's pages, and the time from the start to the first page.
// A response of bare Koa in the same rounds shows how fast the machine is.
//   npm run bench:pages                    nine rounds, about a minute
//   npm run bench:pages -- ../other        measures another checkout too, in the same rounds
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Connection } from './connection.ts'
import { BARE, contestants } from './contestants.ts'
import { spreadOf } from './figures.ts'
import { meteredServer, type RunningServer, startServer } from './server.ts'

const ROUNDS = 9
const CONNECTIONS = 20
const REQUESTS_PER_CONNECTION = 50
const PAGES = { health: '/healthz', welcome: '/authenticationOK.shtml', customers: '/customers' }
const METER = "process.on('message', () => process.send(process.cpuUsage())); process.channel.unref()"

interface Demo extends RunningServer {
  url: string
  milliseconds: number
}

const folder = mkdtempSync(join(tmpdir(), 'bench-pages-'))
const roots = [join(import.meta.dirname, '..'), ...process.argv.slice(2)].map((path) => resolve(path))
const checkouts = roots.map((root, index) => ({
  root,
  data: join(folder, `${index}-`),
  rows: new Map<string, number[]>(),
}))
const demos: Demo[] = []
let control: RunningServer | undefined
const controlRow: number[] = []
try {
  // The first start creates the database and the compile cache, and is not measured.
  for (const { root, data } of checkouts) demos.push(await start(root, data))
  const cookies = await Promise.all(demos.map(logIn))
  control = await startServer(bareKoa(), { address: '', prefix: '' }, { cores: {} })
  for (let round = 0; round <= ROUNDS; round++) {
    const spent = await perRequest(control, '/', String(cookies[0]))
    if (round > 0) controlRow.push(spent)
    for (const [index, { root, data, rows }] of checkouts.entries()) {
      // The first round warms the server up.
      const add = (name: string, value: number) => round > 0 && rows.set(name, [...(rows.get(name) ?? []), value])
      for (const [name, path] of Object.entries(PAGES))
        add(`${name}, CPU µs`, await perRequest(demos[index] as Demo, path, String(cookies[index])))
      const fresh = await start(root, data)
      add('start to first page, ms', fresh.milliseconds)
      add('start to first page, CPU ms', (await fresh.processorTime()) / 1000)
      await fresh.stop()
    }
  }
  print('bare Koa', new Map([['response, CPU µs', controlRow]]))
  for (const { root, rows } of checkouts) print(root, rows)
} finally {
  for (const server of [...demos, control]) await server?.stop()
  rmSync(folder, { recursive: true, force: true })
}

function print(title: string, rows: Map<string, number[]>): void {
  console.log(`${title}: median, and the range of the middle half`)
  for (const [name, values] of rows) {
    const { median, low, high } = spreadOf(values)
    console.log(`  ${name.padEnd(28)} ${median.toFixed(0).padStart(6)}  (${low.toFixed(0)}–${high.toFixed(0)})`)
  }
}

function bareKoa() {
  const found = contestants.find(({ library }) => library === BARE)
  if (found === undefined) throw new Error(`There is no server with the name ${BARE}.`)
  return found
}

async function start(root: string, data: string): Promise<Demo> {
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
  let printed = ''
  for await (const chunk of child.stdout ?? []) {
    printed += chunk
    if (printed.includes('running at')) break
  }
  const url = /http:\S+/.exec(printed)?.[0].replace('localhost', '127.0.0.1')
  if (url === undefined) throw new Error(`The demo in ${root} did not start.`)
  await (await fetch(url)).text()
  return { ...meteredServer(child, Number(new URL(url).port)), url, milliseconds: performance.now() - began }
}

async function logIn({ url }: Demo): Promise<string> {
  const body = new URLSearchParams({ userId: '1', password: 'crm-demo' })
  const { headers } = await fetch(`${url}/4DACTION/authenticate`, { method: 'POST', body, redirect: 'manual' })
  return headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1))
    .join('; ')
}

/** A page that redirects to the login, or fails, stops the benchmark. */
async function perRequest(server: RunningServer, path: string, cookie: string): Promise<number> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.open(server.port)))
  const before = await server.processorTime()
  await Promise.all(
    connections.map(async (connection) => {
      for (let request = 0; request < REQUESTS_PER_CONNECTION; request++) {
        const { status } = await connection.get(path, `Cookie: ${cookie}\r\n`)
        if (status !== 200) throw new Error(`${path} was answered with ${status}: no figures.`)
      }
    }),
  )
  const spent = (await server.processorTime()) - before
  for (const connection of connections) connection.close()
  return spent / (CONNECTIONS * REQUESTS_PER_CONNECTION)
}
