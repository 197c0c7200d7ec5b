import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeVersionProblem } from './node-version.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Checks that this machine can run the project and compiles it. Ends the process with one clear line when it cannot. */
export function prepare() {
  const problem = nodeVersionProblem(process.version) ?? missingPackages() ?? compile()
  if (problem === undefined) return
  console.error(problem)
  process.exit(1)
}

function missingPackages() {
  const installed = ['typescript', 'koa', 'better-sqlite3'].every((name) =>
    existsSync(join(root, 'node_modules', name)),
  )
  return installed ? undefined : 'The packages are not installed yet. Run "npm ci" first.'
}

/** Compiles src and db without checking types, which takes well under a second. Answers what went wrong, if anything. */
export function compile() {
  // What this says was written may have been overwritten since by a compilation with the other configuration.
  rmSync(join(root, 'dist', '.tsbuildinfo.build'), { force: true })
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status === 0) return undefined
  return `The project could not be compiled:\n${error ? error.message : `${stdout}${stderr}`.trim()}`
}
