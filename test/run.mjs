// npm test: types, lint, unit tests on the embedded stores, and the documented walkthroughs.
//   npm test -- crm/customers         only the test files whose path contains this, on every store
//   npm test -- --postgres crm        the same, with the data of the CRM in PostgreSQL
//   npm test -- --update-counts       records how many tests there are
import { runBrowserTests } from './gate/browser-tests.mjs'
import { matching, planTests, serversFor } from './gate/plan.mjs'
import { GateError, headline } from './gate/run-program.mjs'
import { checkSources, count, runGate, testEmbedded } from './gate/steps.mjs'
import { startTestServers } from './gate/test-servers.mjs'
import { runUnitTests, runUnitTestsOnPostgres } from './gate/unit-tests.mjs'

const { filter, postgres, update } = readArguments(process.argv.slice(2))

await runGate(filter.length > 0 ? testChosen : testAll)

async function testAll() {
  const plan = planTests()
  await checkSources()
  const passed = count('test', await testEmbedded(plan), { update })
  console.log(`\n${passed} passed, 0 failed`)
}

async function testChosen() {
  const plan = planTests()
  const unit = matching(postgres ? plan.onPostgres : plan.unit, filter)
  const walkthroughs = postgres ? [] : matching(plan.walkthroughs, filter)
  if (unit.length + walkthroughs.length === 0)
    throw new GateError(`No test file has ${filter.join(' or ')} in its path.`)
  headline('NOT THE GATE: the chosen tests only')
  const needed = serversFor(unit)
  const { leftOut, stop } = await startTestServers({ ...needed, postgres: needed.postgres || postgres })
  try {
    let passed = 0
    if (unit.length > 0) passed += await (postgres ? runUnitTestsOnPostgres : runUnitTests)(unit)
    if (walkthroughs.length > 0) passed += await runBrowserTests(walkthroughs)
    console.log(`\nThe chosen tests passed, ${passed} in all.`)
    if (leftOut.length > 0) console.log(`Left out, because this machine lacks it: ${leftOut.join('; ')}.`)
  } finally {
    await stop()
  }
}

function readArguments(args) {
  const unknown = args.find((arg) => arg.startsWith('--') && !['--postgres', '--update-counts'].includes(arg))
  if (unknown) {
    console.log(`${unknown} is unknown. Use --postgres, --update-counts, or a part of a test file's path.`)
    process.exit(2)
  }
  const filter = args.filter((arg) => !arg.startsWith('--'))
  return { filter, postgres: args.includes('--postgres'), update: args.includes('--update-counts') }
}
