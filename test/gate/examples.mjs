import { existsSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { headline, root, run } from './run-program.mjs'
import { runUnitTests } from './unit-tests.mjs'

/** Installs the packages of each example, checks its types, and runs its tests. */
export async function testExamples() {
  headline('The examples')
  const folders = globSync('examples/*/package.json', { cwd: root }).map((file) => dirname(file).replaceAll('\\', '/'))
  const [program, ...before] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  const install = (folder) =>
    run(
      program,
      [...before, 'ci', '--prefix', folder, '--no-audit', '--no-fund', '--prefer-offline'],
      `The packages of ${folder} could not be installed.`,
    )
  await Promise.all(folders.map(install))
  for (const folder of folders.filter((name) => existsSync(join(root, name, 'tsconfig.json'))))
    await run(
      process.execPath,
      ['node_modules/typescript/bin/tsc', '-p', folder],
      `The types of ${folder} do not check.`,
    )
  const tests = globSync('examples/*/*.test.ts', { cwd: root }).map((file) => file.replaceAll('\\', '/'))
  return await runUnitTests(tests, { title: 'The examples' })
}
