import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import { type Scope, temporaryFolder } from '../support/process.ts'

const HAS_GIT = spawnSync('git', ['--version']).status === 0
const PASSED = { code: 0, out: 'Each change of the session layer has a line in its changelog.\n' }

test('outside of a repository, in a shallow clone, and without a VERSION, the changelog is not checked', (scope) => {
  const folder = temporaryFolder(scope)
  assert.deepEqual(check(folder), skipped('there is no git repository'))
  const repository = newRepository(scope)
  if (repository === undefined) return
  repository.commit('Begin', { 'src/session/index.ts': 'export const one = 1' })
  assert.deepEqual(check(repository.folder), skipped('no commit contains src/session/VERSION'))
  repository.commit('Set the version', { 'src/session/VERSION': '1.0.0' })
  repository.git('clone', '-q', '--depth', '1', `file://${repository.folder}`, join(folder, 'clone'))
  assert.deepEqual(check(join(folder, 'clone')), skipped('the clone is shallow'))
})

test('a commit after the VERSION that changes code of the layer needs a new line in the changelog', (scope) => {
  const repository = newRepository(scope)
  if (repository === undefined) return
  const { commit, folder } = repository
  commit('Change without a line, before the version', { 'src/session/index.ts': 'export const one = 0' })
  commit('Set the version', { 'src/session/VERSION': '1.0.0', 'src/session/CHANGELOG.md': '## 1.0.0' })
  commit('Change with a line', { 'src/session/index.ts': 'one()', 'src/session/CHANGELOG.md': '## 1.0.0\n- One.' })
  commit('Change comments', { 'src/session/index.ts': '/** One. */\n// The first.\n  one() // once' })
  commit('Change other files', { 'src/session/README.md': 'One.', 'src/app.ts': 'one()' })
  commit('Rename what no copy sees\n\nChangelog: none', { 'src/session/index.ts': 'uno()' })
  assert.deepEqual(check(folder), PASSED)

  commit('Change silently', { 'src/session/index.ts': 'two()' })
  const { code, out } = check(folder)
  assert.equal(code, 1)
  assert.match(out, /^These changes .+:\n {2}\w+ Change silently\nAdd a line\./)
  commit('Set the next version', { 'src/session/VERSION': '1.1.0' })
  assert.deepEqual(check(folder), PASSED)
})

test('when a branch is merged, one changelog line is enough for all its commits', (scope) => {
  const repository = newRepository(scope)
  if (repository === undefined) return
  const { commit, git, folder } = repository
  commit('Set the version', { 'src/session/VERSION': '1.0.0' })
  git('switch', '-qc', 'branch')
  commit('Begin', { 'src/session/index.ts': 'one()' })
  commit('Finish', { 'src/session/index.ts': 'two()', 'src/session/CHANGELOG.md': '- Two.' })
  git('switch', '-q', 'main')
  commit('Change something else', { 'src/app.ts': 'one()' })
  git('merge', '-q', '--no-ff', '-m', 'Merge the branch', 'branch')
  assert.deepEqual(check(folder), PASSED)

  git('switch', '-qc', 'silent')
  commit('Change silently', { 'src/session/index.ts': 'three()' })
  git('switch', '-q', 'main')
  git('merge', '-q', '--no-ff', '-m', 'Merge the silent branch', 'silent')
  assert.match(check(folder).out, /Merge the silent branch/)
})

/** An empty repository. `undefined`: this machine has no git, so the check is always skipped. */
function newRepository(scope: Scope) {
  if (!HAS_GIT) return undefined
  const folder = temporaryFolder(scope)
  const git = (...args: string[]) => {
    const own = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false', ...args]
    const { status, stderr } = spawnSync('git', own, { cwd: folder, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  }
  git('init', '-q', '-b', 'main')
  const commit = (message: string, files: Record<string, string>) => {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(join(folder, file, '..'), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    git('add', '-A')
    git('commit', '-q', '-m', message)
  }
  return { folder, git, commit }
}

function check(folder: string): { code: number | null; out: string } {
  const script = join(projectRoot(), 'scripts', 'check-changelog.mjs')
  const { status, stdout } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' })
  return { code: status, out: stdout }
}

function skipped(reason: string) {
  return { code: 0, out: `The changelog of the session layer was not checked: ${reason}.\n` }
}
