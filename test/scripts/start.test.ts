import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { makeClone } from '../support/clone.ts'
import { npmRelease } from '../support/node-releases.ts'
import { Program, settingsIn, startIn, startServerProcess, temporaryFolder } from '../support/process.ts'
import { Visitor } from '../support/visitor.ts'

const NOBODY = 65534

if (process.platform === 'linux' && process.getuid?.() === 0)
  test('[STOP-1] SIGTERM stops the server in good order when npm is the first process of a container', async (t) => {
    const env = settingsIn(temporaryFolder(t))
    const container = ['--pid', '--fork', '--mount-proc', '--kill-child', process.execPath]
    const npm = { node: 'unshare', nodeArgs: container, entry: await npmRelease('10.9.4'), args: ['start'] }
    const server = await startServerProcess(t, { ...npm, cwd: makeClone(t), env })
    process.kill(Number(execFileSync('pgrep', ['-P', String(server.program.pid)])), 'SIGTERM')
    assert.equal((await server.program.ended).code, 0)
    await assert.rejects(fetch(`${server.url}/healthz`))
  })

test('npm start works under NODE_ENV=production with PUBLIC_URL', async (t) => {
  const clone = makeClone(t)
  const refused = await new Program(t, { ...startIn(clone), env: { NODE_ENV: 'production' } }).run()
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /PUBLIC_URL: is required in production/)

  const env = { NODE_ENV: 'production', PUBLIC_URL: 'http://localhost:8044', SMTP_URL: 'smtp://localhost', PORT: '0' }
  const server = await startServerProcess(t, { ...startIn(clone), env })
  assert.equal((await new Visitor(server.url).get('/healthz')).status, 200)
  await server.program.stop()
})

test('the server starts in a read-only folder, under a user who owns nothing in it', async (t) => {
  const clone = makeClone(t)
  chmodSync(dirname(clone), 0o755)
  const data = temporaryFolder(t)
  const isRoot = process.getuid?.() === 0
  if (isRoot) chownSync(data, NOBODY, NOBODY)
  makeReadOnly(clone)
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
  const before = listing(clone)
  const server = await startServerProcess(t, { ...startIn(clone), env: settingsIn(data), ...user })
  assert.equal((await new Visitor(server.url).get('/healthz')).status, 200)
  await server.program.stop()
  assert.deepEqual(listing(clone), before)
})

test('two servers can start from one folder at once', async (t) => {
  const clone = makeClone(t)
  const starts = [temporaryFolder(t), temporaryFolder(t)].map((data) =>
    startServerProcess(t, { ...startIn(clone), env: settingsIn(data) }),
  )
  const servers = await Promise.all(starts)
  for (const { url } of servers) assert.equal((await new Visitor(url).get('/healthz')).status, 200)
  for (const { program } of servers) await program.stop()
})

test('a start writes nothing into the folder except its databases', async (t) => {
  const clone = makeClone(t)
  const before = listing(clone)
  const server = await startServerProcess(t, { ...startIn(clone), env: settingsIn(temporaryFolder(t)) })
  assert.deepEqual(listing(clone), before)
  await server.program.stop()
  assert.deepEqual(listing(clone), before)
})

test('a start without the packages prints what to do', async (t) => {
  const clone = makeClone(t, { packages: false })
  const { code, stderr } = await new Program(t, startIn(clone)).run()
  assert.deepEqual({ code, stderr }, { code: 1, stderr: 'The packages are not installed yet. Run "npm ci" first.\n' })
})

test('[BOX-2] .env sets what the environment does not set, for the server and for the commands', async (t) => {
  const clone = makeClone(t)
  const data = temporaryFolder(t)
  const { DATABASE_URL } = settingsIn(data)
  writeFileSync(
    join(clone, '.env'),
    `APP_NAME=Filed\nPORT=1\nBCRYPT_COST=4\nDATABASE_URL=${DATABASE_URL}\nthis is no setting\n`,
  )
  const env = { NODE_ENV: 'development', PORT: '0' }
  const server = await startServerProcess(t, { ...startIn(clone), env })
  await server.program.printed(/Filed is running/)
  await server.program.stop()

  const reset = { entry: join(clone, 'scripts', 'run.mjs'), args: ['src/commands/demo-reset.ts'], cwd: clone, env }
  const { code, stdout } = await new Program(t, reset).run()
  assert.equal(code, 0)
  assert.ok(stdout.includes(join(data, 'crm.sqlite')), stdout)
})

test('[BOX-2] a .env that cannot be read stops the start with one line', async (t) => {
  const clone = makeClone(t)
  mkdirSync(join(clone, '.env'))
  const { code, stdout, stderr } = await new Program(t, { ...startIn(clone), env: { NODE_ENV: 'development' } }).run()
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
  assert.match(stderr, /^\S+\.env cannot be read\. .*\n$/)
})

test('npm run dev restarts the server after a source change, keeps the old server if the new source is broken, and stops the server at the end', async (t) => {
  const clone = makeClone(t)
  const env = { PORT: '0', BCRYPT_COST: '4' }
  const server = await startServerProcess(t, { entry: join(clone, 'scripts', 'dev.mjs'), cwd: clone, env })
  const announcement = join(clone, 'src', 'process', 'announcement.ts')
  writeFileSync(announcement, "export const announcement = () => 'changed!")
  await server.program.printed(/The server goes on as it was/)
  assert.equal((await new Visitor(server.url).get('/healthz')).status, 200)
  writeFileSync(announcement, "export const announcement = () => 'changed!'\nexport const warnings = () => []\n")
  await server.program.printed(/announcement\.ts changed, starting again …[\s\S]*changed!/)
  server.program.kill('SIGTERM')
  assert.equal((await server.program.ended).code, 0)
  await assert.rejects(fetch(`${server.url}/healthz`))
})

function listing(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return files.filter((file) => !file.startsWith('node_modules') && !file.includes('.sqlite')).sort()
}

function makeReadOnly(folder: string): void {
  for (const file of listing(folder)) chmodSync(join(folder, file), 0o555)
  chmodSync(folder, 0o555)
}
