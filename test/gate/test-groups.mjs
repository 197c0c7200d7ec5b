import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { lacksServer, runsOnEveryStore } from './plan.mjs'
import { root } from './run-program.mjs'

// Loading what a test file needs takes longer than most files: those of one room load it once, so many at a time.
const FILES_PER_PROCESS = 12

// Their tests are those of the store contract: among others they could not be told from an empty file.
const ALONE = /^test\/session\/stores\/\w+\/store\.test\.ts$/

/** Deals test files to processes. Returns the programs to run, the files of which each must be seen to have run a test, and how to clean up. */
export function groupTests(files) {
  const folder = mkdtempSync(join(tmpdir(), 'test-groups-'))
  const alone = files.filter((file) => ALONE.test(file) && !lacksServer(file)).map((file) => [file])
  const watched = files.filter((file) => !ALONE.test(file))
  // The largest first, so that no process works on alone at the end.
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

/**
 * A program that has all its tests at once. Connecting to the stores takes a while; a file that is loaded meanwhile would run its tests, and
 * the end of those closes the connections.
 */
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
