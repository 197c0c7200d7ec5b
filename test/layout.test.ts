import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import test from 'node:test'
import { projectRoot } from '../src/config/project-root.ts'
import { codeLines, LINES, readSources, type Source, unusedExports, violations } from './support/layout.ts'

const MOST_ROOT_ENTRIES = 17

test('every file keeps to the layout: it imports only from its own or a lower room of the list, and no imports form a cycle', (t) => {
  const sources = readSources(projectRoot(), ['src', 'db'])
  assert.ok(sources.length > 20, `only ${sources.length} sources were found`)
  assert.deepEqual(violations(sources), [])
  for (const { path, text } of sources)
    if (codeLines(text) > LINES.warn) t.diagnostic(`${path} has ${codeLines(text)} lines of code`)
})

test('every export is imported by another file', () => {
  const importers = readSources(projectRoot(), ['src', 'db', 'test', 'scripts', 'bench', 'examples'])
  assert.deepEqual(unusedExports(importers), [])
})

test('the root of the repository holds at most 17 entries besides dotfiles', () => {
  const entries = readdirSync(projectRoot()).filter((name) => !name.startsWith('.') && name !== 'node_modules')
  assert.ok(entries.length <= MOST_ROOT_ENTRIES, entries.join(' '))
})

test('an import from a higher room is reported, whatever form the import has', () => {
  const refusal = 'src/web/pages.ts must not import src/crm/index.ts: src/crm stands above src/web'
  for (const text of [
    "import { sql } from '../crm/index.ts'",
    "import type { Customer } from '../crm/index.ts'",
    "import {\n  one,\n  two,\n} from '../crm/index.ts'",
    "import '../crm/index.ts'",
    "export * from '../crm/index.ts'",
    "const crm = await import('../crm/index.ts')",
  ])
    assert.deepEqual(violations([source('src/web/pages.ts', text)]), [refusal], text)
  assert.deepEqual(violations([source('src/web/pages.ts', "// import '../crm/index.ts'")]), [])
})

test('each broken rule of the layout is reported', () => {
  const broken: [path: string, text: string, reason: string][] = [
    [
      'src/session/koa/index.ts',
      "import Koa from 'koa'",
      'must not import koa: src/session may import only itself and node:',
    ],
    [
      'src/session/store.ts',
      "import '../config/config.ts'",
      'must not import src/config/config.ts: src/session may import only itself and node:',
    ],
    [
      'src/session/stores/redis/store.ts',
      "import '../memory/store.ts'",
      'must not import src/session/stores/memory/store.ts: no store and nothing else of the layer needs another store',
    ],
    [
      'src/crm/index.ts',
      "import '../session/core/session.ts'",
      'must not import src/session/core/session.ts: it is no entry of src/session',
    ],
    [
      'db/tables.ts',
      "import '../src/config/config.ts'",
      'must not import src/config/config.ts: db imports nothing of src but src/config/start-error.ts',
    ],
    [
      'src/crm/customers.ts',
      "await import('better-sqlite3')",
      'must not import better-sqlite3: only src/parts names a driver',
    ],
    [
      'src/accounts/login.ts',
      "import '../crm/top-three.ts'",
      'must not import src/crm/top-three.ts: enter src/crm by its index',
    ],
    [
      'src/crm/customers.ts',
      'database.transaction()',
      'must not begin a transaction: inTurn() of db/transactions.ts is safe on PostgreSQL too',
    ],
    [
      'src/crm/customers/portfolios.ts',
      "import '../list/list-query.ts'",
      'must not import src/crm/list/list-query.ts: src/crm/list stands above src/crm/customers',
    ],
    ['src/crm/long.ts', '// remark\n\ncode\n'.repeat(451), 'has 451 lines of code; 450 is the limit'],
  ]
  for (const [path, text, reason] of broken) assert.deepEqual(violations([source(path, text)]), [`${path} ${reason}`])
  assert.deepEqual(violations([source('src/crm/date-utils.ts')]), [
    'src/crm/date-utils.ts: a name with "utils" says nothing about what is inside',
  ])
  assert.deepEqual(violations([source('src/extra/thing.ts')]), [
    'src/extra/thing.ts is in no room of test/support/layout.ts',
  ])
})

test('an export that no file imports is reported, whatever form the imports of other exports have', () => {
  const exporter = source(
    'src/crm/a.ts',
    'export const one = 1\nexport interface Two {}\nexport async function three() {}\nexport class Four {}\n',
  )
  const refused = (text: string) => unusedExports([exporter, source('src/crm/b.ts', text)])
  assert.deepEqual(refused("import { one, type Two } from './a.ts'\nexport { three as drei } from './a.ts'"), [
    'src/crm/a.ts exports Four, which no other file imports',
  ])
  for (const text of ["import * as all from './a.ts'", "export * from './a.ts'", "await import('./a.ts')"])
    assert.deepEqual(refused(text), [], text)
})

test('two errors are reported: a cycle of imports, and a store that the index of the session layer imports', () => {
  const cycle = [source('src/crm/a.ts', "import './b.ts'"), source('src/crm/b.ts', "import './a.ts'")]
  assert.deepEqual(violations(cycle), ['a cycle of imports: src/crm/a.ts → src/crm/b.ts → src/crm/a.ts'])
  const detour = [
    source('src/session/index.ts', "import './core/sessions.ts'"),
    source('src/session/core/sessions.ts', "import '../koa/index.ts'"),
  ]
  assert.deepEqual(violations(detour), ['src/session/index.ts must not reach src/session/koa/index.ts'])
})

function source(path: string, text = ''): Source {
  return { path, text }
}
