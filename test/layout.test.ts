import assert from 'node:assert/strict'
import test from 'node:test'
import { projectRoot } from '../src/config/project-root.ts'
import { readSources, type Source, violations } from './support/layout.ts'

test('every file keeps to the map: who imports whom, no circles, no driver outside of the composition root', () => {
  const sources = readSources(projectRoot(), ['src', 'db'])
  assert.ok(sources.length > 20, `only ${sources.length} sources were found`)
  assert.deepEqual(violations(sources), [])
})

test('an import across the map is noticed, however it is written', () => {
  const refusal = 'src/web/pages.ts must not import src/crm/index.ts: it is not on the map of src/web'
  for (const text of [
    "import { sql } from '../crm/index.js'",
    "import type { Customer } from '../crm/index.js'",
    "import {\n  one,\n  two,\n} from '../crm/index.js'",
    "import '../crm/index.js'",
    "export * from '../crm/index.js'",
    "const crm = await import('../crm/index.js')",
  ])
    assert.deepEqual(violations([source('src/web/pages.ts', text)]), [refusal], text)
  assert.deepEqual(violations([source('src/web/pages.ts', "// import '../crm/index.js'")]), [])
})

test('the session layer imports no package and nothing of the application', () => {
  const rule = 'src/session may import only itself and node:'
  assert.deepEqual(violations([source('src/session/koa.ts', "import type Koa from 'koa'")]), [
    `src/session/koa.ts must not import koa: ${rule}`,
  ])
  assert.deepEqual(violations([source('src/session/koa.ts', "import { a } from '../config.js'")]), [
    `src/session/koa.ts must not import src/config.ts: ${rule}`,
  ])
  assert.deepEqual(violations([source('src/session/koa.ts', "export * from 'node:crypto'")]), [])
})

test('a driver is named in the composition root only', () => {
  const driver = "const Database = await import('better-sqlite3')"
  assert.deepEqual(violations([source('src/parts.ts', driver)]), [])
  assert.deepEqual(violations([source('src/crm/customers.ts', driver)]), [
    'src/crm/customers.ts must not import better-sqlite3: only src/connections.ts and src/parts.ts name a driver',
  ])
})

test('a transaction begins in one place, which makes it serial on every database', () => {
  const work = 'await database.transaction().execute(async () => {})'
  assert.deepEqual(violations([source('src/in-turn.ts', work)]), [])
  assert.deepEqual(violations([source('src/crm/customers.ts', work)]), [
    'src/crm/customers.ts must not begin a transaction: inTurn() of src/in-turn.ts is as safe on PostgreSQL as on SQLite',
  ])
})

test('another capability is entered by its door', () => {
  assert.deepEqual(violations([source('src/accounts/login.ts', "import { top } from '../crm/index.js'")]), [])
  assert.deepEqual(violations([source('src/accounts/login.ts', "import { top } from '../crm/top.js'")]), [
    'src/accounts/login.ts must not import src/crm/top.ts: enter src/crm by src/crm/index.ts',
  ])
})

test('a circle of imports is noticed and shown', () => {
  const circle = [source('src/crm/a.ts', "import './b.js'"), source('src/crm/b.ts', "import './a.js'")]
  assert.deepEqual(violations(circle), ['a circle of imports: src/crm/a.ts → src/crm/b.ts → src/crm/a.ts'])
})

test('a file that is too long, off the map, or whose name says nothing, is noticed', () => {
  assert.deepEqual(violations([source('src/crm/long.ts', '\n'.repeat(301))]), [
    'src/crm/long.ts has 301 lines; 300 is the limit',
  ])
  assert.deepEqual(violations([source('src/crm/date-utils.ts')]), [
    'src/crm/date-utils.ts: a name with "utils" says nothing about what is inside',
  ])
  assert.deepEqual(violations([source('src/extra/thing.ts')]), [
    'src/extra/thing.ts is not on the map of test/support/layout.ts',
  ])
})

function source(path: string, text = ''): Source {
  return { path, text }
}
