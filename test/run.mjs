// npm test: the whole gate. Any step that fails ends it; the last line says how many tests passed.
//   npm test                          everything, as it must pass before a commit
//   npm test -- --unit | --browser    one half, while working
//   npm test -- crm/customers         only test files whose path contains this
//   npm test -- --update-counts       everything, then record how many tests there are
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { runBrowserTests } from './gate/browser-tests.mjs'
import { checkCounts, writeCounts } from './gate/counts.mjs'
import { ensureDevTools } from './gate/dev-tools.mjs'
import { GateError, root, run } from './gate/run-program.mjs'
import { runUnitTests } from './gate/unit-tests.mjs'

const options = readArguments(process.argv.slice(2))

try {
  const counts = await gate(options)
  const passed = counts.unit + counts.browser
  if (options.partial)
    console.log(`\nThis was a part of the gate only: ${passed} tests passed. Run "npm test" for all.`)
  else console.log(`\n${passed} passed, 0 failed`)
} catch (error) {
  if (!(error instanceof GateError)) throw error
  console.log(`\n✘ ${error.message}`)
  process.exitCode = 1
}

async function gate({ unit, browser, filter, partial, updateCounts }) {
  if (partial) headline('NOT THE GATE: a part of it, for developers')
  headline('Development tools')
  await ensureDevTools()

  headline('Compile and check types')
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], 'The types do not check.')

  headline('Lint and format')
  const biome = ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']
  await run(process.execPath, biome, 'Biome found something; "npm run format" mends most of it.')

  const counts = { unit: 0, browser: 0 }
  if (unit) {
    headline('Unit and integration tests')
    counts.unit = await runUnitTests(filter)
  }
  if (browser) {
    headline('Walkthroughs in a browser')
    counts.browser = await runBrowserTests(filter)
  }
  if (updateCounts) writeCounts(counts)
  else if (!partial) checkCounts(counts)
  return counts
}

function readArguments(args) {
  const filter = args.filter((arg) => !arg.startsWith('--'))
  const unknown = args.find((arg) => arg.startsWith('--') && !['--unit', '--browser', '--update-counts'].includes(arg))
  if (unknown) {
    console.log(`${unknown} is unknown. Use --unit, --browser, --update-counts, or a part of a test file's path.`)
    process.exit(2)
  }
  const only = args.includes('--unit') || args.includes('--browser')
  const partial = only || filter.length > 0
  return {
    unit: !only || args.includes('--unit'),
    browser: !only || args.includes('--browser'),
    filter,
    partial,
    updateCounts: args.includes('--update-counts') && !partial,
  }
}

function headline(text) {
  console.log(`\n── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`)
}
