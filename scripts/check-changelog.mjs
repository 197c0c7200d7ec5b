// node scripts/check-changelog.mjs: checks that each change of the session layer since the last change of VERSION has a
// line in CHANGELOG.md. A change is a commit of the main line, or the merge of a branch, that changes code of
// src/session. Changes of comments and pages need no line. If a change does not affect a copy of the layer, its commit
// message has the line "Changelog: none" instead.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LAYER = 'src/session'
const VERSION = `${LAYER}/VERSION`
const CHANGELOG = `${LAYER}/CHANGELOG.md`
const WITHOUT_LINE = /^Changelog: none$/im

const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..')

const reason = reasonToSkip()
if (reason) console.log(`The changelog of the session layer was not checked: ${reason}.`)
else report(changesSinceVersion().filter(needsLine))

function reasonToSkip() {
  const shallow = git('rev-parse', '--is-shallow-repository')
  if (shallow === undefined) return 'there is no git repository'
  if (shallow === 'true') return 'the clone is shallow'
  return versionCommit() ? undefined : `no commit contains ${VERSION}`
}

/** The commits of the main line that changed the layer after the last change of VERSION. */
function changesSinceVersion() {
  return lines(git('log', '--first-parent', '--format=%H', `${versionCommit()}..HEAD`, '--', LAYER))
}

function versionCommit() {
  return git('log', '--first-parent', '-1', '--format=%H', '--', VERSION)
}

function needsLine(commit) {
  if (WITHOUT_LINE.test(git('show', '-s', '--format=%B', commit))) return false
  return changedFiles(commit).some((file) => changesCode(commit, file)) && !addsLine(commit)
}

function changedFiles(commit) {
  return lines(git('diff', '--name-only', '--no-renames', `${commit}^1`, commit, '--', LAYER))
}

function changesCode(commit, file) {
  return file.endsWith('.ts') && codeOf(`${commit}^1:${file}`) !== codeOf(`${commit}:${file}`)
}

function addsLine(commit) {
  const before = new Set(lines(git('show', `${commit}^1:${CHANGELOG}`)))
  return lines(git('show', `${commit}:${CHANGELOG}`)).some((line) => !before.has(line))
}

/** The content of a file without comments and white space. Empty if the file does not exist. */
function codeOf(object) {
  return (git('show', object) ?? '')
    .replace(/^\s*\/\*[\s\S]*?\*\//gm, '')
    .replace(/^\s*\/\/.*$|\s\/\/ .*$/gm, '')
    .replace(/\s+/g, '')
}

function report(commits) {
  if (commits.length === 0) return console.log('Each change of the session layer has a line in its changelog.')
  console.log(`These changes of ${LAYER} have no line in ${CHANGELOG}:`)
  for (const commit of commits) console.log(`  ${git('show', '-s', '--format=%h %s', commit)}`)
  console.log('Add a line. If a copy is not affected, write "Changelog: none" on a line of the commit message.')
  process.exitCode = 1
}

/** The output of git, or `undefined` if git fails or does not exist. */
function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return status === 0 ? stdout.trim() : undefined
}

function lines(text) {
  return (text ?? '').split('\n').filter((line) => line !== '')
}
