// npm run test:all: everything, on every store, database, screen and supported version of Node.
//   npm run test:all                          what npm test runs, and the rest
//   npm run test:all -- --rest                the rest only: npm test has run before
//   npm run test:all -- --update-counts       everything, then record how many tests there are
import { planTests } from './gate/plan.mjs'
import { checkSources, count, runGate, testEmbedded, testTheRest } from './gate/steps.mjs'

const args = process.argv.slice(2)
const unknown = args.find((arg) => !['--rest', '--update-counts'].includes(arg))
if (unknown) {
  console.log(`${unknown} is unknown. Use --rest, --update-counts, or nothing.`)
  process.exit(2)
}
const update = args.includes('--update-counts')

await runGate(async () => {
  const plan = planTests()
  let passed = 0
  if (!args.includes('--rest')) {
    await checkSources()
    passed += count('test', await testEmbedded(plan), { update })
  }
  passed += count('rest', await testTheRest(plan), { update })
  console.log(`\n${passed} passed, 0 failed`)
})
