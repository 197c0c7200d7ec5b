// npm test: the whole gate. Any step that fails ends it; the last line says how many tests passed.
//   npm test                          everything, as it must pass before a commit
//   npm test -- --unit | --browser    one half, while working
//   npm test -- crm/customers         only test files whose path contains this
//   npm test -- --update-counts       everything, then record how many tests there are
import { runBrowserTests } from './gate/browser-tests.mjs'
import { compileEverything } from './gate/compile.mjs'
import { checkCounts, writeCounts } from './gate/counts.mjs'
import { ensureDevTools } from './gate/dev-tools.mjs'
import { GateError, headline, run } from './gate/run-program.mjs'
import { startTestServers } from './gate/test-servers.mjs'
import { runUnitTests, runUnitTestsOnPostgres } from './gate/unit-tests.mjs'

const options = readArguments(process.argv.slice(2))

try {
  const { leftOut, ...counts } = await gate(options)
  const passed = counts.unit + counts.browser
  if (options.partial)
    console.log(`\nThis was a part of the gate only: ${passed} tests passed. Run "npm test" for all.`)
  else console.log(`\n${passed} passed, 0 failed`)
  if (leftOut.length > 0) console.log(`Left out, because this machine lacks it: ${leftOut.join('; ')}.`)
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
  await compileEverything()

  headline('Lint and format')
  const biome = ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']
  await run(process.execPath, biome, 'Biome found something; "npm run format" mends most of it.')

  const counts = { unit: 0, browser: 0 }
  headline('Database servers')
  const { leftOut, stop } = await startTestServers()
  try {
    if (unit) {
      headline('Unit and integration tests')
      counts.unit = await runUnitTests(filter)
      if (process.env.TEST_POSTGRES_URL) {
        headline('Tests of the CRM once more, on PostgreSQL')
        counts.unit += await runUnitTestsOnPostgres(filter)
      }
    }
    if (browser) {
      headline('Walkthroughs in a browser')
      counts.browser = await runBrowserTests(filter)
    }
  } finally {
    await stop()
  }
  // What is recorded are the tests of a machine that lacks nothing.
  if (updateCounts && leftOut.length === 0) writeCounts(counts)
  else if (!partial && leftOut.length === 0) checkCounts(counts)
  return { ...counts, leftOut }
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
