import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import { type Scope, temporaryFolder } from '../support/process.ts'
import { COMPILERS, compile, copySession, runSessionScript, writeApplication } from '../support/session-copy.ts'

// The last commit of version 0.5.0. It is at hand only in a clone with the whole history.
const RELEASED = '15db2b1'
const HAS_RELEASE = spawnSync('git', ['cat-file', '-e', `${RELEASED}^{commit}`], { cwd: projectRoot() }).status === 0
const HAS_GIT = spawnSync('git', ['--version']).status === 0
const KOA_ON_SQLITE = ['--framework', 'koa', '--stores', 'sqlite']
const STORE = 'stores/sqlite/store.ts'

test('[COPY-6] an update from version 0.5.0, copied by hand, keeps two local edits and compiles', async (scope) => {
  if (!HAS_RELEASE) return assert.ok(!process.env.CI, 'CI needs a clone with the whole history')
  const folder = temporaryFolder(scope)
  const archive = spawnSync('git', ['archive', RELEASED, 'src/session'], { cwd: projectRoot() })
  spawnSync('tar', ['-x', '-C', folder], { input: archive.stdout })
  const copy = join(folder, 'src', 'session')
  edit(copy, 'koa/index.ts', (text) => `// Our own remark.\n${text}`)
  edit(copy, 'core/credentials/token.ts', (text) => `${text}\nexport const OURS = true\n`)
  writeFileSync(join(copy, 'ours.txt'), 'ours')

  const output = await update(scope, copy)
  assert.match(output, /from version 0\.5\.0 to version \d/)
  assert.match(output, /Your edits of these files were kept:\n {2}core\/credentials\/token\.ts\n {2}koa\/index\.ts\n$/)
  const fresh = join(folder, 'fresh')
  await copySession(scope, [fresh, '--framework', 'koa', '--stores', 'memory,postgres,redis,sqlite', '--testing'])
  edit(fresh, 'koa/index.ts', (text) => `// Our own remark.\n${text}`)
  edit(fresh, 'core/credentials/token.ts', (text) => `${text}\nexport const OURS = true\n`)
  writeFileSync(join(fresh, 'ours.txt'), 'ours')
  assert.deepEqual(filesIn(copy), filesIn(fresh))
  writeApplication(folder, ['@types/node', '@types/koa'], COMPILERS.checked)
  assert.equal(await compile(scope, folder), '')
})

test('[COPY-6] an update changes, adds and removes files, keeps CRLF line endings, and carries an edit to a renamed file', async (scope) => {
  const original = newOriginal(scope)
  if (original === undefined) return
  const copy = await newCopy(scope, original)
  edit(copy, STORE, (text) => `// Our own remark.\n${text}`)
  for (const path of Object.keys(filesIn(copy))) edit(copy, path, (text) => text.replaceAll('\n', '\r\n'))
  rmSync(join(copy, 'docs/events.md'))
  original.change('Rename the SQLite store, and clean up', (layer) => {
    edit(layer, 'core/errors.ts', (text) => `${text}\n// New in the original.\n`)
    edit(layer, 'docs/events.md', (text) => `${text}\nNew in the original.\n`)
    edit(layer, 'stores/sqlite/index.ts', (text) => text.replaceAll('./store.ts', './sqlite-store.ts'))
    renameSync(join(layer, STORE), join(layer, 'stores/sqlite/sqlite-store.ts'))
    writeFileSync(join(layer, 'core/added.ts'), 'export {}\n')
    edit(layer, 'index.ts', (text) => `import './core/added.ts'\n${text}`)
    rmSync(join(layer, 'docs/errors.md'))
  })
  const output = await update(scope, copy, original.root)
  assert.match(output, /Files: 3 changed, 2 added, 2 removed\./)
  assert.match(output, /These files changed, but you had deleted them:\n {2}docs\/events\.md\n/)
  assert.match(read(copy, 'stores/sqlite/sqlite-store.ts'), /^\/\/ Our own remark\.\r\n/)
  assert.match(read(copy, 'core/errors.ts'), /New in the original\.\r\n/)
  assert.match(read(copy, 'core/added.ts'), /export/)
  for (const path of [STORE, 'docs/errors.md', 'docs/events.md']) assert.ok(!existsSync(join(copy, path)), path)
  assert.deepEqual(readdirSync(join(copy, '..')), ['session'])

  const before = filesIn(copy)
  assert.match(await update(scope, copy, original.root), /is up to date: version/)
  assert.deepEqual(filesIn(copy), before)
})

test('[COPY-7] if an edit conflicts with the new version, the update writes nothing and names the files; `--conflicts` writes markers', async (scope) => {
  const original = newOriginal(scope)
  if (original === undefined) return
  const copy = await newCopy(scope, original)
  const refused = async (message: RegExp, ...args: string[]) => {
    const { code, stderr } = await runSessionScript(scope, 'update', [copy, ...args], { root: original.root })
    assert.equal(code, 1)
    assert.match(stderr, message)
  }
  edit(copy, STORE, (text) => `// Ours.\n${text}`)
  edit(copy, 'docs/errors.md', (text) => `${text}\nOurs.\n`)
  original.change('Change the same line', (layer) => {
    edit(layer, STORE, (text) => `// Theirs.\n${text}`)
    edit(layer, 'core/errors.ts', (text) => `${text}// Theirs.\n`)
    rmSync(join(layer, 'docs/errors.md'))
  })
  const before = filesIn(copy)
  await refused(
    /Nothing was written\.\n {2}docs\/errors\.md \(edited in the copy, and removed in the new version\)\n {2}stores\/sqlite\/store\.ts\n/,
  )
  assert.deepEqual(filesIn(copy), before)

  assert.match(await update(scope, copy, original.root, '--conflicts'), /Resolve the conflicts in these files:\n/)
  assert.match(read(copy, STORE), /^<{7} .*\n\/\/ Ours\.\n={7}\n\/\/ Theirs\.\n>{7} /)
  assert.match(read(copy, 'core/errors.ts'), /Theirs/)
  assert.match(read(copy, 'docs/errors.md'), /Ours/)
  await refused(/Resolve the conflicts of the last update/)
  edit(copy, STORE, (text) => text.replace(/^[<=>]{7}.*\n/gm, ''))
  assert.match(await update(scope, copy, original.root), /is up to date/)
})

test('[COPY-8] the update shows the new entries of the changelog, first those about security', async (scope) => {
  const original = newOriginal(scope)
  if (original === undefined) return
  const copy = await newCopy(scope, original)
  original.change('Add entries', (layer) =>
    edit(layer, 'CHANGELOG.md', (text) =>
      text.replace(/^## /m, '## 9.0.0\n\n- A new call.\n- **security** A closed\n  hole.\n\n## '),
    ),
  )
  const lines = (await update(scope, copy, original.root)).split('\n').filter((line) => /^\d/.test(line))
  assert.deepEqual(lines, ['9.0.0 - **security** A closed hole.', '9.0.0 - A new call.'])
})

test('[COPY-9] the content finds the version of a copy without a commit, and of a folder without `.copied-from`; `--from` names it', async (scope) => {
  const original = newOriginal(scope)
  if (original === undefined) return
  const copy = await newCopy(scope, original)
  const first = original.head()
  original.change('Change', (layer) => edit(layer, STORE, (text) => `${text}// One.\n`))
  edit(copy, '.copied-from', (text) => text.replace(first, 'f'.repeat(40)))
  await update(scope, copy, original.root)
  assert.match(read(copy, STORE), /One/)

  assert.match(read(copy, '.copied-from'), new RegExp(`"commit": "${original.head()}"`))
  rmSync(join(copy, '.copied-from'))
  edit(copy, 'core/clock.ts', (text) => `// Ours.\n${text}`)
  original.change('Change again', (layer) => edit(layer, 'core/errors.ts', (text) => `${text}// Two.\n`))
  await update(scope, copy, original.root)
  assert.match(read(copy, 'core/errors.ts'), /Two/)
  assert.match(read(copy, 'core/clock.ts'), /Ours/)

  const third = original.head()
  original.change('Change once more', (layer) => edit(layer, 'core/errors.ts', (text) => `${text}// Three.\n`))
  rmSync(join(copy, '.copied-from'))
  await update(scope, copy, original.root, '--from', third)
  assert.match(read(copy, 'core/errors.ts'), /Two[^T]*Three/)
})

test('[COPY-9] an update without the history, and from an older clone, is refused with directions', async (scope) => {
  const original = newOriginal(scope)
  if (original === undefined) return
  const copy = await newCopy(scope, original)
  const folder = temporaryFolder(scope)
  original.git('clone', '-q', original.root, join(folder, 'older'))
  original.change('Change', (layer) => edit(layer, STORE, (text) => `${text}// One.\n`))
  original.git('clone', '-q', '--depth', '1', `file://${original.root}`, join(folder, 'shallow'))
  cpSync(original.root, join(folder, 'archive'), { recursive: true, filter: (path) => !path.endsWith('.git') })
  const before = filesIn(copy)
  for (const [root, message] of [
    ['shallow', /this clone is shallow\. Run: git fetch --unshallow/],
    ['archive', /this project is no git clone\. Clone it\./],
  ] as const) {
    const { code, stderr } = await runSessionScript(scope, 'update', [copy], { root: join(folder, root) })
    assert.equal(code, 1)
    assert.match(stderr, message)
  }
  assert.deepEqual(filesIn(copy), before)

  await update(scope, copy, original.root)
  original.git('-C', join(folder, 'older'), 'fetch', '-q')
  const older = await runSessionScript(scope, 'update', [copy], { root: join(folder, 'older') })
  assert.match(older.stderr, /This clone is older than the copy/)
})

test('[COPY-10] a killed update leaves the copy complete, and the next update finishes it', async (scope) => {
  const original = newOriginal(scope)
  if (original === undefined) return
  const copy = await newCopy(scope, original)
  original.change('Change', (layer) => edit(layer, STORE, (text) => `${text}// One.\n`))
  // The state of the folders after a kill between the two renames.
  mkdirSync(join(copy, '..', '.session.new'))
  renameSync(copy, join(copy, '..', '.session.before'))
  await update(scope, copy, original.root)
  assert.match(read(copy, STORE), /One/)
  assert.deepEqual(readdirSync(join(copy, '..')), ['session'])
})

test('[COPY-5] an update of the original is refused, also by a symbolic link, and changes nothing', async (scope) => {
  const original = newOriginal(scope)
  if (original === undefined) return
  const layer = join(original.root, 'src/session')
  const link = join(temporaryFolder(scope), 'session')
  symlinkSync(layer, link)
  const before = filesIn(layer)
  for (const folder of [layer, link]) {
    const { code, stderr } = await runSessionScript(scope, 'update', [folder], { root: original.root })
    assert.equal(code, 1)
    assert.match(stderr, /is inside the original\. Name a folder of your application\./)
  }
  assert.deepEqual(filesIn(layer), before)
})

test('[COPY-11] an update can add a store to a copy', async (scope) => {
  const original = newOriginal(scope)
  if (original === undefined) return
  const copy = await newCopy(scope, original)
  await update(scope, copy, original.root, '--stores', 'sqlite,memory')
  assert.ok(existsSync(join(copy, 'stores/memory/index.ts')))
  assert.match(await update(scope, copy, original.root), /is up to date/)
})

/** A repository with the layer and the two commands. `undefined`: this machine has no git. */
function newOriginal(scope: Scope) {
  if (!HAS_GIT) return void assert.ok(!process.env.CI, 'CI needs git')
  const root = temporaryFolder(scope)
  for (const folder of ['src/session', 'src/config', 'scripts/session-layer'])
    cpSync(join(projectRoot(), folder), join(root, folder), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  const git = (...args: string[]) => {
    const own = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false', ...args]
    const { status, stderr, stdout } = spawnSync('git', own, { cwd: root, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    return stdout
  }
  const change = (message: string, make: (layer: string) => void) => {
    make(join(root, 'src/session'))
    git('add', '-A')
    git('commit', '-q', '-m', message)
  }
  git('init', '-q', '-b', 'main')
  change('Begin', () => {})
  return { root, git, change, head: () => git('rev-parse', 'HEAD').trim() }
}

type Original = NonNullable<ReturnType<typeof newOriginal>>

async function newCopy(scope: Scope, { root }: Original): Promise<string> {
  const copy = join(temporaryFolder(scope), 'session')
  await copySession(scope, [copy, ...KOA_ON_SQLITE], { root })
  return copy
}

async function update(scope: Scope, copy: string, root = projectRoot(), ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runSessionScript(scope, 'update', [copy, ...args], { root })
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  return stdout
}

function edit(folder: string, file: string, change: (text: string) => string): void {
  writeFileSync(join(folder, file), change(read(folder, file)))
}

/** The text of each file of a folder. */
function filesIn(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort()
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length), read(path)]))
}

function read(...path: string[]): string {
  return readFileSync(join(...path), 'utf8')
}
