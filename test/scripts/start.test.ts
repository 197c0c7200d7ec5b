import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { projectRoot } from '../../src/config/project-root.ts'
import { makeClone } from '../support/clone.ts'
import { Program, startServerProcess } from '../support/process.ts'

test('an old Node is told so in one line, before anything else is looked at', async () => {
  const file = pathToFileURL(join(projectRoot(), 'scripts', 'node-version.mjs')).href
  const { nodeVersionProblem } = await import(file)
  for (const version of ['v18.20.8', 'v20.18.9', '20.0.0', 'v0.12.18']) {
    assert.match(nodeVersionProblem(version), /^Node 20\.19 or newer is needed; this is .+$/, version)
    assert.ok(nodeVersionProblem(version).includes(version))
  }
  for (const version of ['v20.19.0', '20.20.2', 'v22.0.0', 'v100.1.0'])
    assert.equal(nodeVersionProblem(version), undefined)
})

test('npm start needs nothing but a clone and its packages: it compiles, starts, and stops in good order', async (t) => {
  const clone = makeClone(t)
  const server = await startServerProcess(t, { ...startIn(clone), env: { PORT: '0', BCRYPT_COST: '4' } })
  const answer = await fetch(`${server.url}/healthz`)
  assert.deepEqual(await answer.json(), { status: 'ok' })
  await server.program.stop()
})

test('npm start works under NODE_ENV=production too, once it knows its address', async (t) => {
  const clone = makeClone(t)
  const refused = await new Program(t, { ...startIn(clone), env: { NODE_ENV: 'production' } }).run()
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /PUBLIC_URL: is required in production/)

  const env = { NODE_ENV: 'production', PUBLIC_URL: 'http://localhost:8044', SMTP_URL: 'smtp://localhost', PORT: '0' }
  const server = await startServerProcess(t, { ...startIn(clone), env })
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  await server.program.stop()
})

test('what stands in the way of compiling is told: packages that are missing, a mistake in a source', async (t) => {
  const clone = makeClone(t)
  writeFileSync(join(clone, 'src', 'main.ts'), 'this is not TypeScript')
  const broken = await new Program(t, startIn(clone)).run()
  assert.equal(broken.code, 1)
  assert.match(broken.stderr, /could not be compiled:\nsrc\/main\.ts/)

  rmSync(join(clone, 'node_modules'))
  const bare = await new Program(t, startIn(clone)).run()
  assert.deepEqual(
    { code: bare.code, stderr: bare.stderr },
    { code: 1, stderr: 'The packages are not installed yet. Run "npm ci" first.\n' },
  )
})

test('npm run dev starts the server again when a source changes, and ends it with itself', async (t) => {
  const clone = makeClone(t)
  const env = { PORT: '0', BCRYPT_COST: '4' }
  const server = await startServerProcess(t, { entry: join(clone, 'scripts', 'dev.mjs'), cwd: clone, env })
  writeFileSync(
    join(clone, 'src', 'announcement.ts'),
    "export const announcement = () => 'changed!'\nexport const cautions = () => []\n",
  )
  await server.program.printed(/announcement\.ts changed, starting again …[\s\S]*changed!/)
  await server.program.stop()
  await assert.rejects(fetch(`${server.url}/healthz`))
})

function startIn(clone: string) {
  return { entry: join(clone, 'scripts', 'start.mjs'), cwd: clone }
}
