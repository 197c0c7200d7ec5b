import { headline, run } from './run-program.mjs'
import { runUnitTests } from './unit-tests.mjs'

// `checks` is false for an example whose own tests check its types.
const EXAMPLES = [
  { folder: 'store-level', title: 'a store of your own', test: 'level-store.test.ts' },
  { folder: 'hono', title: 'Hono', test: 'hono.test.ts' },
  { folder: 'bun', title: 'Bun', test: 'bun.test.ts' },
  { folder: 'deno', title: 'Deno', test: 'deno.test.ts', checks: false },
  { folder: 'next', title: 'Next.js', test: 'next.test.ts', checks: false },
]

/** Installs the packages of each example, checks its types, and runs its tests. Returns the number of tests. */
export async function testExamples() {
  let passed = 0
  for (const example of EXAMPLES) passed += await testExample(example)
  return passed
}

async function testExample({ folder, title, test, checks = true }) {
  headline(`The example: ${title}`)
  const path = `examples/${folder}`
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  const [program, ...before] = npm
  const install = [...before, 'ci', '--prefix', path, '--no-audit', '--no-fund']
  await run(program, install, `The packages of ${path} could not be installed.`)
  if (checks) {
    const check = ['node_modules/typescript/bin/tsc', '-p', path]
    await run(process.execPath, check, `The types of ${path} do not check.`)
  }
  return await runUnitTests([`${path}/${test}`], { title: `The tests of ${path}` })
}
