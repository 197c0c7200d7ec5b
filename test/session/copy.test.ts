import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { dirname, join, relative } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import { type Scope, startServerProcess, temporaryFolder } from '../support/process.ts'
import { COMPILERS, compile, writeApplication } from '../support/session-copy.ts'
import { LayerVisitor } from './support/layer.ts'

const LAYER = join(projectRoot(), 'src', 'session')
const README = read('README.md')
test('the session layer imports only its own files and the modules of Node', () => {
  const sources = readdirSync(LAYER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  assert.ok(sources.length > 20)
  const foreign = sources.flatMap((file) =>
    importsOf(file)
      .filter((target) => !isOwn(file, target))
      .map((target) => `${file}: ${target}`),
  )
  assert.deepEqual(foreign, [])
})

test('the session layer, copied alone into an empty folder, type-checks in strict mode with only @types/node installed', async (scope) => {
  const folder = copyOfLayer(scope, ['@types/node'])
  assert.equal(await compile(scope, folder), '')
})

test('a small Koa app on the copy runs: a guest shops, logs in, opens the orders, and logs out', async (scope) => {
  const folder = copyOfLayer(scope, ['@types/node', '@types/koa', 'koa'])
  cpSync(join(projectRoot(), 'test', 'session', 'fixtures', 'copied-app.ts.txt'), join(folder, 'app.ts'))
  assert.equal(await compile(scope, folder), '')

  const { url } = await startServerProcess(scope, { entry: join(folder, 'app.ts'), cwd: folder })
  const visitor = new LayerVisitor(url)
  assert.equal((await visitor.get('/orders')).location, '/login?next=%2Forders')
  assert.deepEqual(await visitor.read('/buy'), { userName: '', cart: ['tea'] })
  const guestsCookie = visitor.copy()
  assert.deepEqual(await visitor.read('/login'), { userName: 'Ana Lima', cart: [] })
  assert.deepEqual(await guestsCookie.get('/').then(({ text }) => JSON.parse(text)), { userName: '', cart: [] })
  await visitor.get('/buy')
  assert.deepEqual(await visitor.read('/orders'), { userName: 'Ana Lima', cart: ['tea'] })
  const stolen = visitor.copy()
  assert.deepEqual(await visitor.read('/logout'), { userName: '', cart: [] })
  assert.equal((await stolen.get('/orders')).location, '/login?next=%2Forders')
})

test('the quick start of the layer’s README, its login example, the steps of the copy guide and the documented examples of stored data type-check on the copy as printed, without an unused name', async (scope) => {
  const options = { ...COMPILERS.checked, noUnusedLocals: true, noUnusedParameters: true }
  const folder = copyOfLayer(scope, ['@types/node', '@types/koa', '@types/better-sqlite3'], options)
  const [quickStart = '', login = ''] = tsBlocks(README)
  const guide = tsBlocks(README.slice(README.indexOf('## How to copy it')))
  assert.match(quickStart, /createSessions[\s\S]+declare module 'koa'[\s\S]+'warning'/)
  assert.match(login, /login: true/)
  writeFileSync(
    join(folder, 'quick-start.ts'),
    `${quickStart}\napp.use(async (ctx) => {\n${login}})\n${guide.join('\n')}`,
  )
  for (const page of ['encryption', 'storage-versions'])
    writeFileSync(
      join(folder, `${page}.ts`),
      String(tsBlocks(read(`docs/${page}.md`)).find((block) => /^import/.test(block))),
    )
  assert.equal(await compile(scope, folder), '')
})

test('[ADAPT-17] the code in the pages about the plain adapter, SvelteKit and React Router type-checks on the copy', async (scope) => {
  const folder = copyOfLayer(scope, ['@types/node'])
  cpSync(join(projectRoot(), 'test', 'session', 'fixtures', 'frameworks.d.ts.txt'), join(folder, 'frameworks.d.ts'))
  const [svelteKit = '', reactRouter = ''] = tsBlocks(read('docs/sveltekit-and-react-router.md'))
  const pages = { fetch: tsBlocks(read('docs/fetch.md')).join('\n'), svelteKit, reactRouter }
  for (const [name, code] of Object.entries(pages)) writeFileSync(join(folder, `${name}.ts`), code)
  assert.match(svelteKit, /Handle = /)
  assert.match(reactRouter, /MiddlewareFunction/)
  assert.equal(await compile(scope, folder), '')
})

test('at SIGTERM, the quick start refuses new connections, answers requests on open connections, even with an error, and then closes sessions and database', {
  timeout: 60_000,
}, async (scope) => {
  const folder = copyOfLayer(scope, ['koa', 'better-sqlite3'])
  const [quickStart = ''] = tsBlocks(README)
  const app = quickStart
    .replace('app.listen(3000)', 'app.listen(0)')
    .replace('await session.use', "if (ctx.path === '/fails') await fail()\n  $&")
  writeFileSync(join(folder, 'app.ts'), `${app}${FAILING}${ANNOUNCING}`)
  const { url, program } = await startServerProcess(scope, { entry: join(folder, 'app.ts'), cwd: folder })
  const visitor = new LayerVisitor(url)
  assert.equal((await visitor.get('/orders')).location, '/login?next=%2Forders')
  assert.equal((await visitor.get('/')).text, '["tea"]')
  assert.ok(existsSync(join(folder, 'sessions.sqlite-wal')))

  const polled = (
    [
      ['/', 200],
      ['/fails', 403],
    ] as const
  ).map(([path, expected]) => {
    return { answers: answersOf(`${url}${path}`), expected }
  })
  for (const { answers, expected } of polled) assert.equal((await answers.next()).value, expected)
  const stopped = program.stop()
  await Promise.all(
    polled.map(async ({ answers, expected }) => {
      for await (const status of answers) assert.equal(status, expected)
    }),
  )
  await stopped
  await assert.rejects(fetch(url), ({ cause }: Error) => (cause as NodeJS.ErrnoException).code === 'ECONNREFUSED')
  assert.ok(!existsSync(join(folder, 'sessions.sqlite-wal')), 'the database was closed')
})

test('the folder of the session layer has the project’s licence, and VERSION is the newest version in the changelog', () => {
  const [, newest] = /^## (.+)$/m.exec(read('CHANGELOG.md')) ?? []
  assert.equal(read('VERSION'), `${newest}\n`)
  assert.equal(read('LICENSE'), readFileSync(join(projectRoot(), 'LICENSE'), 'utf8'))
})

test('the bearer-token example of the layer’s documentation runs on the copy as printed, next to ordinary pages', async (scope) => {
  const folder = copyOfLayer(scope, ['@types/node', '@types/koa', 'koa'])
  const example = tsBlocks(read('docs/bearer-tokens.md')).find((block) => block.includes('tokenSessions(manager'))
  assert.ok(example)
  writeFileSync(join(folder, 'app.ts'), `${example}${LISTENING}`)
  assert.equal(await compile(scope, folder), '')

  const { url } = await startServerProcess(scope, { entry: join(folder, 'app.ts'), cwd: folder })
  const client = new LayerVisitor(url)
  assert.equal((await client.get('/api/orders')).status, 401)
  const { token, expires } = await client.read('/api/signin')
  assert.match(token, /^shop_/)
  assert.ok(Date.parse(expires) > Date.now())
  assert.deepEqual(await client.read('/api/orders', { Authorization: `Bearer ${token}` }), {
    user: 'Ana Lima',
    page: '3',
  })
  assert.equal((await client.get('/', { Authorization: `Bearer ${token}` })).status, 404, 'a page is no REST request')
})

// Starts the app of a documented example, because the example does not contain this part.
const LISTENING = `
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
const server = createServer(app.callback()).listen(0, '127.0.0.1', () => {
  console.log(\`http://127.0.0.1:\${(server.address() as AddressInfo).port}\`)
})
`

// A handler that answers 403 after a pause, so that its connection is busy when the server stops.
const FAILING = `
async function fail() {
  await new Promise((resolve) => setTimeout(resolve, 50))
  throw Object.assign(new Error('not allowed'), { status: 403, expose: true })
}
`

// Prints the address of the quick start.
const ANNOUNCING = `
import type { AddressInfo } from 'node:net'
server.once('listening', () => console.log(\`http://127.0.0.1:\${(server.address() as AddressInfo).port}\`))
`

/** Sends requests over one open connection until the server refuses a request. Yields the status of each answer. */
async function* answersOf(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const answer = () =>
    new Promise<number | undefined>((resolve, reject) => {
      get(url, { agent }, (response) => response.resume().once('end', () => resolve(response.statusCode))).once(
        'error',
        reject,
      )
    })
  try {
    while (true) yield await answer()
  } catch {
    agent.destroy()
  }
}

/** A folder with the whole layer in `session/` and these packages in `node_modules/`. */
function copyOfLayer(scope: Scope, packages: readonly string[], compiler: object = COMPILERS.checked): string {
  const folder = temporaryFolder(scope)
  cpSync(LAYER, join(folder, 'session'), { recursive: true })
  writeApplication(folder, packages, compiler)
  return folder
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(LAYER, file), 'utf8')
  const imports = text.matchAll(
    /^\s*(?:import|export|\})[^'"\n]*\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return [...imports].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '')
}

function isOwn(file: string, target: string): boolean {
  if (target.startsWith('node:')) return true
  return target.startsWith('.') && !relative(LAYER, join(LAYER, dirname(file), target)).startsWith('..')
}

/** The TypeScript examples of a page. */
function tsBlocks(page: string): string[] {
  return [...page.matchAll(/^ *```ts\n([\s\S]+?)^ *```/gm)].map(([, block = '']) => block)
}

/** A file of the layer. */
function read(file: string): string {
  return readFileSync(join(LAYER, file), 'utf8')
}
