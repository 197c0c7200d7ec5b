import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { lacksServer, runsOnEveryStore } from './plan.mjs'
import { root } from './run-program.mjs'

// Loading the imports takes longer than most tests, so files of one folder share a process.
const FILES_PER_PROCESS = 12

// The test report names the file of a contract for these tests, so each of these files seems to have no test.
const ALONE = /^(test\/session\/(stores\/\w+\/(node-sqlite|store)|adapters\/[\w-]+)|examples\/.+)\.test\.ts$/

/** Distributes test files over processes. The gate fails if a file in `watched` runs no test. */
export function groupTests(files) {
  const folder = mkdtempSync(join(tmpdir(), 'test-groups-'))
  const alone = files.filter((file) => ALONE.test(file) && !lacksServer(file)).map((file) => [file])
  const watched = files.filter((file) => !ALONE.test(file))
  const groups = [...alone, ...inGroups(watched)].sort((a, b) => sizeOf(b) - sizeOf(a))
  const programs = groups.map((group, nth) => writeProgram(join(folder, `group-${nth + 1}.test.mjs`), group))
  return { programs, watched, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

function inGroups(files) {
  const rooms = Map.groupBy(files, (file) => file.split('/')[1])
  return [...rooms.values()].flatMap((inRoom) => {
    const count = Math.ceil(inRoom.length / FILES_PER_PROCESS)
    return Array.from({ length: count }, (_, nth) => inRoom.filter((_, index) => index % count === nth))
  })
}

function sizeOf(group) {
  return group.reduce((sum, file) => sum + statSync(join(root, file)).size, 0)
}

/** Loads all files before any test runs. Otherwise tests could end and close stores while other files still connect. */
function writeProgram(program, files) {
  const all = program.replace('.test.mjs', '.files.mjs')
  writeFileSync(all, files.map((file) => `import '${urlOf(file)}'\n`).join(''))
  const first = files.some(runsOnEveryStore) ? `await import('${urlOf('test/session/support/stores.ts')}')\n` : ''
  writeFileSync(program, `${first}await import('${pathToFileURL(all)}')\n`)
  return program
}

function urlOf(file) {
  return pathToFileURL(join(root, file)).href
}
