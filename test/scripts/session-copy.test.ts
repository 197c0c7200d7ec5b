import assert from 'node:assert/strict'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import test from 'node:test'
import { copiedFiles } from '../../scripts/session-layer/copied-files.ts'
import { type CopyOptions, frameworksOf, storesOf } from '../../scripts/session-layer/copy-options.ts'
import { firstLines } from '../../scripts/session-layer/first-lines.ts'
import { replaceFolder } from '../../scripts/session-layer/folder-replacement.ts'
import { readLayer } from '../../scripts/session-layer/layer-files.ts'
import { projectRoot } from '../../src/config/project-root.ts'
import { type Scope, temporaryFolder } from '../support/process.ts'
import { COMPILERS, compile, copySession, runSessionScript, writeApplication } from '../support/session-copy.ts'

const ORIGINAL = join(projectRoot(), 'src', 'session')
const LAYER = readLayer(ORIGINAL)
const FRAMEWORKS = frameworksOf(LAYER)
const STORES = storesOf(LAYER)
// The packages of the other frameworks are not installed in this project.
const INSTALLED = ['Koa', 'node:http', 'a server of the Fetch standard']
const KOA_ON_MEMORY: CopyOptions = { frameworks: ['koa'], stores: ['memory'], imports: 'ts', testing: false }

test('[COPY-1] a copy contains the framework, the stores and what they import, and no other code', () => {
  for (const framework of FRAMEWORKS)
    for (const store of STORES) {
      const files = copiedFiles(LAYER, { ...KOA_ON_MEMORY, frameworks: [framework], stores: [store] })
      const code = [...files.keys()].filter((path) => path.endsWith('.ts'))
      const others = code.filter((path) => STORES.some((name) => name !== store && path.startsWith(`stores/${name}/`)))
      assert.deepEqual(others, [], `${framework} on ${store}`)
      assert.deepEqual(unreached(files, framework), [], `${framework} on ${store}`)
      assert.ok(!code.some((path) => path.startsWith('testing/')))
    }
})

test('[COPY-1] `--testing` adds the tests for stores and adapters of your own', () => {
  const files = copiedFiles(LAYER, { ...KOA_ON_MEMORY, testing: true })
  for (const path of ['stores/kit.ts', 'testing/store-contract.ts', 'testing/contract/finding.ts'])
    assert.ok(files.has(path), path)
})

test('[COPY-2] the pages of a copy are about its framework and its stores, and no link leads to a missing file', () => {
  const about = {
    koa: [],
    'node-http': ['node-http', 'express', 'fastify', 'websockets'],
    fetch: ['fetch', 'hono', 'nextjs', 'sveltekit-and-react-router'],
  }
  for (const framework of FRAMEWORKS)
    for (const store of STORES) {
      const files = copiedFiles(LAYER, { ...KOA_ON_MEMORY, frameworks: [framework], stores: [store] })
      for (const path of ['README.md', 'LICENSE', 'VERSION', 'CHANGELOG.md', 'docs/calls.md'])
        assert.ok(files.has(path))
      assert.equal(files.has('docs/redis.md'), store === 'redis')
      assert.equal(files.has('docs/postgresql.md'), store === 'postgres')
      for (const [subject, pages] of Object.entries(about))
        for (const page of pages) assert.equal(files.has(`docs/${page}.md`), subject === framework, page)
      assert.deepEqual(missingLinks(files), [])
    }
})

for (const [imports, compiler, ending] of [
  ['ts', COMPILERS.checked, "'./core/sessions.ts'"],
  ['js', { ...COMPILERS.compiled, noEmit: true }, "'./core/sessions.js'"],
  ['none', COMPILERS.bundler, "'./core/sessions'"],
] as const) {
  test(`[COPY-3] a copy with \`--imports ${imports}\`, with all stores and the tests, compiles in strict mode`, async (scope) => {
    const { folder, copy } = emptyApplication(scope)
    writeApplication(folder, ['@types/node', '@types/koa'], compiler)
    await copySession(scope, [
      copy,
      '--framework',
      'koa',
      '--stores',
      STORES.join(','),
      '--imports',
      imports,
      '--testing',
    ])
    assert.ok(read(copy, 'index.ts').includes(ending))
    const [, shown] = /from '(\.\/session\/index[^']*)'/.exec(read(copy, 'README.md')) ?? []
    assert.equal(shown, `./session/index${imports === 'none' ? '' : `.${imports}`}`)
    assert.equal(await compile(scope, folder), '')
  })
}

test('[COPY-3] the printed lines compile as they are, on each store', async (scope) => {
  const { folder, copy } = emptyApplication(scope)
  const types = ['@types/node', '@types/koa', '@types/better-sqlite3', '@types/pg', 'ioredis']
  writeApplication(folder, types, COMPILERS.checked)
  await copySession(scope, [copy, '--framework', FRAMEWORKS.join(','), '--stores', STORES.join(',')])
  for (const store of STORES)
    for (const { name, lines } of firstLines(copy, { ...KOA_ON_MEMORY, frameworks: FRAMEWORKS, stores: [store] }))
      if (INSTALLED.includes(name)) writeFileSync(join(folder, `${name.replace(':', '-')}-${store}.ts`), lines)
  assert.equal(await compile(scope, folder), '')
})

test('[COPY-4] Koa with the memory store contains nothing of Redis, PostgreSQL or Lua', async (scope) => {
  const { folder, copy } = emptyApplication(scope)
  writeApplication(folder, ['@types/node', '@types/koa'], { ...COMPILERS.compiled, removeComments: true })
  await copySession(scope, [copy, '--framework', 'koa', '--stores', 'memory'])
  assert.equal(await compile(scope, folder), '')
  const compiled = readdirSync(join(folder, 'out'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.js'),
  )
  assert.ok(compiled.length > 20)
  const foreign = compiled.flatMap((file) => {
    const words = read(folder, 'out', file).match(/redis|postgres|\bpg\b|\blua\b/gi) ?? []
    return words.map((word) => `${file}: ${word}`)
  })
  assert.deepEqual(foreign, [])
})

test('[COPY-5] the command refuses unknown names with the nearest name, a folder with files, and a folder inside the original', async (scope) => {
  const { folder, copy } = emptyApplication(scope)
  const choice = ['--framework', 'koa', '--stores', 'memory']
  const refused = async (args: readonly string[], message: RegExp) => {
    const { code, stdout, stderr } = await runSessionScript(scope, 'copy', args)
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
    assert.match(stderr, message)
  }
  await refused([], /^npm run session:copy -- <folder>[\s\S]+Frameworks: koa/)
  await refused([copy, ...choice, 'another'], /^npm run session:copy/)
  await refused([copy, '--framework', 'koa'], /^npm run session:copy/)
  await refused([copy, '--framework', 'koah', '--stores', 'memory'], /Unknown framework: koah\. Did you mean koa\?/)
  await refused(
    [copy, '--framework', 'koa', '--stores', 'memory,reddis'],
    /Unknown store: reddis\. Did you mean redis\?/,
  )
  await refused([copy, '--framework', 'koa', '--store', 'redis'], /Unknown option: --store\. Did you mean --stores\?/)
  await refused([copy, ...choice, '--imports', 'cjs'], /Unknown form of imports: cjs\./)
  await refused([join(ORIGINAL, 'copy'), ...choice], /is inside the original/)
  assert.deepEqual(readdirSync(folder), [])
  mkdirSync(copy)
  writeFileSync(join(copy, 'notes.txt'), 'mine')
  await refused([copy, ...choice], /exists and is not empty\. To update a copy, run: npm run session:update -- /)
  assert.deepEqual(readdirSync(copy), ['notes.txt'])
  for (const path of ['notes.txt', 'notes.txt/session'])
    await refused([join(copy, path), ...choice], /^\S*notes\.txt is a file\. Name a folder of your application\.\n$/)
})

test('[COPY-5] a copy through a symbolic link to an empty folder fills the folder, and the link stays', async (scope) => {
  const { folder, copy } = emptyApplication(scope)
  const link = join(folder, 'link')
  mkdirSync(copy)
  symlinkSync(copy, link)
  await copySession(scope, [link, '--framework', 'koa', '--stores', 'memory'])
  assert.ok(lstatSync(link).isSymbolicLink())
  assert.ok(existsSync(join(copy, 'index.ts')))
})

test('[COPY-5] a failed copy leaves no folder behind, and an existing folder as it was', (scope) => {
  const { folder, copy } = emptyApplication(scope)
  const fail = (staged: string) => {
    writeFileSync(join(staged, 'half.ts'), 'half')
    throw new RangeError('stopped')
  }
  assert.throws(() => replaceFolder(copy, fail), RangeError)
  assert.deepEqual(readdirSync(folder), [])
  mkdirSync(copy)
  writeFileSync(join(copy, 'whole.ts'), 'whole')
  assert.throws(() => replaceFolder(copy, fail), RangeError)
  assert.deepEqual([readdirSync(folder), readdirSync(copy)], [['session'], ['whole.ts']])
})

/** An empty folder, and the name of the folder for the copy in it. */
function emptyApplication(scope: Scope): { folder: string; copy: string } {
  const folder = temporaryFolder(scope)
  return { folder, copy: join(folder, 'session') }
}

/** The code files of a copy that no import reaches from an entry point. */
function unreached(files: ReadonlyMap<string, string>, framework: string): string[] {
  const code = [...files].filter(([path]) => path.endsWith('.ts'))
  const reached = new Set<string>()
  const reach = (path: string) => {
    if (reached.has(path)) return
    reached.add(path)
    for (const [, target = ''] of (files.get(path) ?? '').matchAll(/'(\.[^']+\.ts)'/g))
      reach(posix.join(posix.dirname(path), target))
  }
  for (const [path] of code)
    if (path.startsWith(`${framework}/`) || /^(stores\/\w+\/)?index\.ts$/.test(path)) reach(path)
  return code.map(([path]) => path).filter((path) => !reached.has(path))
}

function missingLinks(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([page, text]) =>
    [...text.matchAll(/\]\(([^)\s#]+)[^)\s]*\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => page.endsWith('.md') && !/^[a-z]+:/.test(target))
      .filter((target) => !files.has(posix.join(dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  )
}

function read(...path: string[]): string {
  return readFileSync(join(...path), 'utf8')
}
