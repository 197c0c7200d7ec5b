import { runBrowserTests } from './browser-tests.mjs'
import { checkCounts, writeCounts } from './counts.mjs'
import { ensureDevTools } from './dev-tools.mjs'
import { testExamples } from './examples.mjs'
import { testNodeVersions } from './node-versions.mjs'
import { GateError, headline, run } from './run-program.mjs'
import { startTestServers } from './test-servers.mjs'
import { runUnitTests, runUnitTestsOnPostgres } from './unit-tests.mjs'

export async function runGate(part) {
  try {
    await ensureDevTools()
    await part()
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    console.log(`\n✘ ${error.message}`)
    process.exitCode = 1
  }
}

export async function checkSources() {
  headline('Types')
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], 'The types do not check.')
  headline('Lint and format')
  const biome = ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']
  await run(process.execPath, biome, 'Biome found problems; "npm run format" fixes most of them.')
}

export async function testEmbedded({ embedded, documented }) {
  headline('Unit and integration tests on the embedded stores')
  const unit = await runUnitTests(embedded, { stores: 'embedded' })
  headline('The documented walkthroughs')
  const browser = await runBrowserTests(documented, { screens: ['desktop'] })
  return { unit, browser }
}

/** Runs the tests that `npm test` does not run. `leftOut` names the database servers that this machine lacks. */
export async function testTheRest(plan) {
  headline('Database servers')
  const { leftOut, stop } = await startTestServers()
  try {
    headline('Processes, faults and random walks')
    let unit = await runUnitTests(plan.later)
    headline('Redis and PostgreSQL')
    unit += await runUnitTests([...plan.aboutServers, ...plan.onEveryStore], { stores: 'servers' })
    unit += await testExamples()
    headline('Copies of the session layer in other projects')
    unit += await runUnitTests(plan.afterExamples)
    headline('The CRM on PostgreSQL, beside the walkthroughs')
    const [onPostgres, browser] = await Promise.all([
      process.env.TEST_POSTGRES_URL ? runUnitTestsOnPostgres(plan.onPostgres) : 0,
      runBrowserTests(plan.walkthroughs, { doneOnDesktop: plan.documented }),
    ])
    const onOtherNodes = await testNodeVersions(plan)
    return { unit: unit + onPostgres + onOtherNodes, browser, leftOut }
  } finally {
    await stop()
  }
}

/** Compares the number of tests with the recorded number, or records it if `update` is true. Returns the number. */
export function count(part, { unit, browser, leftOut = [] }, { update = false } = {}) {
  // The recorded numbers include the tests of all database servers.
  if (leftOut.length === 0) (update ? writeCounts : checkCounts)(part, { unit, browser })
  else console.log(`\nLeft out, because this machine lacks it: ${leftOut.join('; ')}.`)
  return unit + browser
}
