import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { lacksServer, runsOnEveryStore } from './plan.mjs'
import { root } from './run-program.mjs'

// Loading its imports takes longer than running most test files. Files of one room share a process, so many at a time.
const FILES_PER_PROCESS = 12

// Their tests are defined in the store contract, so among others these files look empty.
const ALONE = /^test\/session\/stores\/\w+\/store\.test\.ts$/

/** Distributes test files over processes. Returns the programs to run, the files that must each have run a test, and how to clean up. */
export function groupTests(files) {
  const folder = mkdtempSync(join(tmpdir(), 'test-groups-'))
  const alone = files.filter((file) => ALONE.test(file) && !lacksServer(file)).map((file) => [file])
  const watched = files.filter((file) => !ALONE.test(file))
  // The largest group first, so that no process runs alone at the end.
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
 * A program that loads all its tests before any runs. Without that, a file that is loaded while the stores are connecting would run its
 * tests, and their end would close the connections.
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
