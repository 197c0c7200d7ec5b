// npm run test:all: all tests, on every store, database, screen and supported version of Node.
//   npm run test:all
//   npm run test:all -- --rest                only the tests that npm test does not run
//   npm run test:all -- --update-counts       records how many tests there are
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
