import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { projectRoot } from '../../src/config/project-root.ts'
import { makeClone } from '../support/clone.ts'
import { Program, startIn, startServerProcess } from '../support/process.ts'
import { Visitor } from '../support/visitor.ts'

test('the project runs on Node 22.18 and later, and on those releases of Node 23 that run TypeScript', async () => {
  const file = pathToFileURL(join(projectRoot(), 'scripts', 'node-version.mjs')).href
  const { isNewEnough } = await import(file)
  for (const version of ['v18.20.8', 'v20.20.2', 'v22.17.9', '22.0.0', 'v23.5.0', 'v0.12.18'])
    assert.equal(isNewEnough(version), false, version)
  for (const version of ['v22.18.0', '22.23.2', 'v23.6.0', 'v24.0.0', 'v26.10.0', 'v100.1.0'])
    assert.equal(isNewEnough(version), true, version)
})

test('npm start needs only a clone and its packages: the server starts, signs a salesperson in, and stops gracefully', async (t) => {
  const clone = makeClone(t)
  const server = await startServerProcess(t, { ...startIn(clone), env: { PORT: '0', BCRYPT_COST: '4' } })
  const ana = new Visitor(server.url)
  await ana.logInWell(4)
  assert.equal((await ana.get('/customers')).status, 200)
  await server.program.stop()
})

test('a stack trace names the TypeScript file and its line', async (t) => {
  const clone = makeClone(t)
  writeFileSync(join(clone, 'src', 'main.ts'), 'type Nothing = never\n\nthrow new Error("line three")\n')
  const { code, stderr } = await new Program(t, startIn(clone)).run()
  assert.equal(code, 1)
  assert.match(stderr, /src\/main\.ts:3/)
})
