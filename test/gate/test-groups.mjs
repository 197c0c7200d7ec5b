import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { root } from './run-program.mjs'

// Loading what a test file needs takes longer than most files: those of one folder load it once, a few at a time.
const FILES_PER_PROCESS = 8

// What has no test of its own, but takes those of the store contract: among others it could not be told from an empty file.
const ALONE = ['memory', 'sqlite', 'redis', 'postgres'].map((store) => `test/session/stores/${store}.test.ts`)

/**
 * Deals test files to processes. Answers the programs to run, relative to the project's root, and the files of which each must be seen
 * to have run a test.
 */
export function groupTests(files) {
  const folder = join('dist', 'test-groups')
  rmSync(join(root, folder), { recursive: true, force: true })
  const alone = files.filter((file) => ALONE.includes(unixPath(file)))
  const grouped = files.filter((file) => !alone.includes(file))
  const programs = inGroups(grouped).map((group, nth) => writeProgram(join(folder, `group-${nth + 1}.test.js`), group))
  return { programs: [...programs, ...alone.map(compiled)], watched: grouped }
}

function inGroups(files) {
  const folders = [...new Set(files.map(dirname))]
  return folders.flatMap((folder) => {
    const inFolder = files.filter((file) => dirname(file) === folder)
    const count = Math.ceil(inFolder.length / FILES_PER_PROCESS)
    return Array.from({ length: count }, (_, nth) => inFolder.filter((_, index) => index % count === nth))
  })
}

function writeProgram(program, files) {
  mkdirSync(join(root, dirname(program)), { recursive: true })
  const imports = files.map((file) => `import '${unixPath(relative(dirname(program), compiled(file)))}'\n`)
  writeFileSync(join(root, program), imports.join(''))
  return program
}

function compiled(file) {
  return join('dist', file.replace(/\.ts$/, '.js'))
}

function unixPath(path) {
  return path.split(sep).join('/')
}
