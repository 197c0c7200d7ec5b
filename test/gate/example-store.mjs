import { headline, run } from './run-program.mjs'
import { runUnitTests } from './unit-tests.mjs'

const EXAMPLE = 'examples/store-level'

/** Installs the packages of the example store, checks its types, and runs its tests. */
export async function testExampleStore() {
  headline('The example of a store of your own')
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  const [program, ...before] = npm
  const install = [...before, 'ci', '--prefix', EXAMPLE, '--no-audit', '--no-fund']
  await run(program, install, 'The packages of the example store could not be installed.')
  await run(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', EXAMPLE],
    'The types of the example store do not check.',
  )
  return await runUnitTests([`${EXAMPLE}/level-store.test.ts`], { title: 'The example store' })
}
