import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import { Program, type Scope, temporaryFolder } from '../support/process.ts'
import { postgresUrl, redisUrl } from '../support/servers/test-servers.ts'

const STORES = join('src', 'session', 'stores')
const COPIED = ['src/session', 'src/config', 'db', 'test/support', 'test/session/support', 'test/session/stores']
const NAMES = readdirSync(join(projectRoot(), STORES)).filter((name) => !['shared', 'kit.ts'].includes(name))
// The contract of framework adapters uses the memory store.
const CONTRACT_OF_ADAPTERS = ['src/session/testing/adapter', 'src/session/testing/adapter-contract.ts']

for (const name of NAMES) {
  test(`the ${name} store is deleted with its folder: the layer type-checks without it, and the other stores work`, async (t) => {
    const folder = makeCopy(t)
    rmSync(join(folder, STORES, name), { recursive: true })
    for (const part of name === 'memory' ? CONTRACT_OF_ADAPTERS : []) rmSync(join(folder, part), { recursive: true })
    const left = NAMES.filter((other) => other !== name)

    const tsc = new Program(t, { entry: 'node_modules/typescript/bin/tsc', args: ['-p', '.'], cwd: folder })
    assert.deepEqual(await resultOf(tsc), { code: 0, stdout: '' })
    const { code, stdout } = await resultOf(new Program(t, firstTestOf(folder, left)))
    assert.equal(code, 0, stdout)
    const proven = left.filter(
      (other) => stdout.includes(`✔ ${TITLES[other]} store: `) || stdout.includes(`✔ ${TITLES[other]}, through`),
    )
    assert.deepEqual(
      proven,
      left.filter((other) => !isMissing[other]),
    )
  })
}

const TITLES: Record<string, string> = { memory: 'memory', postgres: 'PostgreSQL', redis: 'Redis', sqlite: 'SQLite' }
const isMissing: Record<string, boolean> = { redis: redisUrl === undefined, postgres: postgresUrl === undefined }

function makeCopy(scope: Scope): string {
  const folder = temporaryFolder(scope)
  for (const name of COPIED) {
    mkdirSync(join(folder, dirname(name)), { recursive: true })
    cpSync(join(projectRoot(), name), join(folder, name), {
      recursive: true,
      filter: (file) => !/\.sqlite(-\w+)?$/.test(file),
    })
  }
  symlinkSync(join(projectRoot(), 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  cpSync(join(projectRoot(), 'tsconfig.json'), join(folder, 'tsconfig.base.json'))
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: './tsconfig.base.json', include: ['src/session'] }),
  )
  return folder
}

/** The first test of the store contract creates and finds a session, so it shows that a store loads and works. */
function firstTestOf(cwd: string, stores: readonly string[]) {
  const [entry = '', ...args] = stores.map((store) => join(cwd, 'test', 'session', 'stores', store, 'store.test.ts'))
  return {
    nodeArgs: ['--test', '--test-reporter=spec', '--test-name-pattern=a created session is found'],
    entry,
    args,
    cwd,
    env: { TEST_REDIS_URL: redisUrl ?? '', TEST_POSTGRES_URL: postgresUrl ?? '' },
  }
}

async function resultOf(program: Program): Promise<{ code: number | null; stdout: string }> {
  const { code, stdout } = await program.run()
  return { code, stdout }
}
