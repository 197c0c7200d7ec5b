import { globSync } from 'node:fs'
import { headline, root, run } from './run-program.mjs'
import { runUnitTests } from './unit-tests.mjs'

// The own tests of these examples check their types.
const CHECKED_BY_TESTS = ['examples/deno', 'examples/next']

/** Installs the packages of each example, checks its types, and runs its tests. Returns the number of tests. */
export async function testExamples() {
  headline('The examples')
  const folders = filesOf('examples/*/package.json').map((file) => file.replace('/package.json', ''))
  await Promise.all(folders.map(install))
  for (const folder of folders.filter((name) => !CHECKED_BY_TESTS.includes(name))) {
    const check = ['node_modules/typescript/bin/tsc', '-p', folder]
    await run(process.execPath, check, `The types of ${folder} do not check.`)
  }
  return await runUnitTests(filesOf('examples/*/*.test.ts'), { title: 'The examples' })
}

async function install(folder) {
  const [program, ...before] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  const ci = [...before, 'ci', '--prefix', folder, '--no-audit', '--no-fund', '--prefer-offline']
  await run(program, ci, `The packages of ${folder} could not be installed.`)
}

function filesOf(pattern) {
  return globSync(pattern, { cwd: root }).map((file) => file.replaceAll('\\', '/'))
}
