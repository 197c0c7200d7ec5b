import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { LayerVisitor } from '../session/support/layer.ts'
import { type ProgramOptions, startServerProcess, temporaryFolder } from '../support/process.ts'
import { COMPILERS, compile, copySession, writeApplication } from '../support/session-copy.ts'

interface Way {
  /** As `session:copy` names it above the printed lines. */
  framework: string
  way: string
  copy: readonly string[]
  /** The example of this project that has the packages. */
  example?: string
  packages: readonly string[]
  compiler: object
  type?: string
  /** The application that follows from the printed lines. */
  application: (lines: string) => string
  /** The folder of the application's file. Default: the folder of `package.json`. */
  place?: string
  file?: string
  /** An `entry` ending in .ts is the source, which Node runs without emitted files. */
  run: ProgramOptions
}

const KOA = (lines: string) => `${NODE_SERVER}${lines}
app.use(async (ctx) => {
  const { session } = ctx
  ${pages('ctx.path')}
  ctx.body = answer
})
announce(listen(app.callback()))`

const NODE_SERVER = `
import { createServer as listen } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
function announce(server: Server) {
  server.listen(0, '127.0.0.1', () => console.log(\`http://127.0.0.1:\${(server.address() as AddressInfo).port}\`))
}
`

const WAYS: Way[] = [
  {
    framework: 'Koa',
    way: 'compiled to ES modules (NodeNext)',
    copy: ['--framework', 'koa', '--stores', 'sqlite', '--imports', 'ts'],
    packages: ['koa', '@types/koa', 'better-sqlite3', '@types/better-sqlite3'],
    compiler: COMPILERS.compiled,
    application: KOA,
    run: { entry: 'out/app.js' },
  },
  {
    framework: 'Koa',
    way: 'compiled to CommonJS',
    copy: ['--framework', 'koa', '--stores', 'memory', '--imports', 'js'],
    packages: ['koa', '@types/koa'],
    compiler: { ...COMPILERS.compiled, rewriteRelativeImportExtensions: false },
    type: 'commonjs',
    application: KOA,
    run: { entry: 'out/app.js' },
  },
  {
    framework: 'Koa',
    way: 'run by Node’s own TypeScript',
    copy: ['--framework', 'koa', '--stores', 'sqlite'],
    packages: ['koa', '@types/koa', 'better-sqlite3', '@types/better-sqlite3'],
    compiler: COMPILERS.checked,
    application: KOA,
    run: { entry: 'app.ts' },
  },
  {
    framework: 'node:http',
    way: 'compiled to ES modules (NodeNext)',
    copy: ['--framework', 'node-http', '--stores', 'memory', '--imports', 'js'],
    packages: [],
    compiler: COMPILERS.compiled,
    application: (
      lines,
    ) => `${NODE_SERVER}${lines.replace(/\n.*session\.userName.*\n/, `\n${pages('req.url')}\nres.end(answer)\n`)}
announce(server)`,
    run: { entry: 'out/app.js' },
  },
  {
    framework: 'Express 5',
    way: 'run by Node’s own TypeScript',
    copy: ['--framework', 'node-http', '--stores', 'memory'],
    example: 'examples/express',
    packages: ['express', '@types/express', '@types/express-serve-static-core'],
    compiler: COMPILERS.checked,
    application: (lines) => `${NODE_SERVER}${lines}
app.use(async (req, res) => {
  const { session } = req
  ${pages('req.path')}
  res.send(answer)
})
announce(listen(app))`,
    run: { entry: 'app.ts' },
  },
  {
    framework: 'Fastify 5',
    way: 'run by Node’s own TypeScript',
    copy: ['--framework', 'node-http', '--stores', 'memory'],
    example: 'examples/fastify',
    packages: ['fastify'],
    compiler: { ...COMPILERS.checked, skipLibCheck: true },
    application: (lines) => `${lines}
app.get('*', async ({ session, url }) => {
  ${pages('url')}
  return answer
})
console.log(await app.listen({ port: 0, host: '127.0.0.1' }))`,
    run: { entry: 'app.ts' },
  },
  {
    framework: 'Hono',
    way: 'on Node',
    copy: ['--framework', 'fetch', '--stores', 'memory'],
    example: 'examples/hono',
    packages: ['hono', '@hono/node-server'],
    compiler: { ...COMPILERS.checked, skipLibCheck: true },
    application: (lines) => `import { createAdaptorServer } from '@hono/node-server'
${NODE_SERVER}${lines}
app.all('*', async (c) => {
  const session = c.get('session')
  ${pages('c.req.path')}
  return c.body(answer)
})
announce(createAdaptorServer({ fetch: app.fetch }) as Server)`,
    run: { entry: 'app.ts' },
  },
  {
    framework: 'Next.js',
    way: 'a route handler',
    copy: ['--framework', 'fetch', '--stores', 'memory', '--imports', 'none'],
    example: 'examples/next',
    packages: ['next', 'react', 'react-dom', 'typescript', '@types/react'],
    compiler: { ...COMPILERS.bundler, skipLibCheck: true, isolatedModules: true },
    application: (lines) =>
      lines.replace(
        'return new Response(session.userName)',
        `const { pathname } = new URL(request.url)
  ${pages('pathname')}
  return new Response(answer)`,
      ),
    place: 'app/[[...path]]',
    file: 'route.ts',
    run: {
      entry: 'node_modules/next/dist/bin/next',
      args: ['dev', '--webpack', '--port', '0', '--hostname', '127.0.0.1'],
      env: { NEXT_TELEMETRY_DISABLED: '1' },
    },
  },
]

/** Logs in at /login, counts at /count, and shows the session on every page. */
function pages(path: string): string {
  return `
  if (${path} === '/login') await session.setPrivileges({ userName: 'Ana Lima', userId: '4' }, { login: true })
  if (${path} === '/count') await session.use((storage) => { storage.count = Number(storage.count ?? 0) + 1 })
  const answer = JSON.stringify({ userName: session.userName, count: session.storage.count ?? 0 })`
}

for (const {
  framework,
  way,
  copy,
  example,
  packages,
  compiler,
  type,
  application,
  place = '.',
  file = 'app.ts',
  run,
} of WAYS) {
  test(`[COPY-13] the command and the printed lines, in an empty folder, make an application that compiles, runs and logs in: ${framework}, ${way}`, async (scope) => {
    const folder = temporaryFolder(scope)
    writeApplication(folder, ['@types/node', ...packages], compiler, {
      ...(type && { type }),
      ...(example && { example }),
    })
    const { [framework]: lines = '' } = await copySession(scope, [join(folder, place, 'sessions'), ...copy])
    writeFileSync(join(folder, place, file), lines)
    assert.equal(await compile(scope, folder), '', 'the printed lines alone')

    const plain = lines.replace('// secureCookie: false', 'secureCookie: false')
    writeFileSync(join(folder, place, file), application(plain))
    assert.equal(await compile(scope, folder), '')
    const { url } = await startServerProcess(scope, { ...run, entry: join(folder, run.entry ?? ''), cwd: folder })
    const visitor = new LayerVisitor(url)
    assert.deepEqual(await visitor.read('/count'), { userName: '', count: 1 })
    assert.deepEqual(await visitor.read('/count'), { userName: '', count: 2 })
    const stolen = visitor.copy()
    assert.deepEqual(await visitor.read('/login'), { userName: 'Ana Lima', count: 0 })
    assert.deepEqual(await visitor.read('/count'), { userName: 'Ana Lima', count: 1 })
    assert.deepEqual(await stolen.read('/'), { userName: '', count: 0 })
  })
}
