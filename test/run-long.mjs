// npm run test:long: tests that take more than an hour.
//   npm run test:long                          all
//   npm run test:long -- model | faults | mutants | million | released | browser

import { runBrowserTests } from './gate/browser-tests.mjs'
import { matching, planTests } from './gate/plan.mjs'
import { exitCode, GateError, headline, run } from './gate/run-program.mjs'
import { runGate } from './gate/steps.mjs'
import { startTestServers } from './gate/test-servers.mjs'
import { runUnitTests } from './gate/unit-tests.mjs'

const BROWSER_ROUNDS = 10
const PROCESS_MINUTES = 60

const plan = planTests()

const PARTS = {
  async model() {
    process.env.MODEL_RUNS = '1000'
    process.env.COMPARED_ROUNDS = '50'
    await runUnitTests(matching(plan.unit, ['session/model', 'session/races', '/compared.test']), {
      processMinutes: PROCESS_MINUTES,
    })
  },
  async faults() {
    process.env.FAULT_ROUNDS = '10'
    await runUnitTests(matching(plan.unit, ['session/faults']), { processMinutes: PROCESS_MINUTES })
  },
  mutants: () =>
    run(process.execPath, ['test/session/mutants/play-mutants.ts'], 'The store contract passes a broken store.'),
  million: () => run(process.execPath, ['bench/million.mjs'], 'A lookup among a million sessions takes too long.'),
  async released() {
    const known = await exitCode('git', ['cat-file', '-e', '15db2b1'])
    if (known === 0) await runUnitTests(['test/session/released/side-by-side.ts'])
    else console.log('left out: this folder has no history with version 0.5.0')
  },
  async browser() {
    for (let round = 1; round <= BROWSER_ROUNDS; round++) {
      headline(`Round ${round} of ${BROWSER_ROUNDS}`)
      await runBrowserTests(plan.walkthroughs)
    }
  },
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !(name in PARTS))
if (unknown) {
  console.log(`${unknown} is unknown. Use ${Object.keys(PARTS).join(', ')}, or nothing for all of them.`)
  process.exit(2)
}

await runGate(async () => {
  const { leftOut, stop } = await startTestServers()
  try {
    if (leftOut.length > 0) throw new GateError(`The long rounds need ${leftOut.join(' and ')}.`)
    for (const name of wanted.length > 0 ? wanted : Object.keys(PARTS)) {
      headline(`The long rounds: ${name}`)
      await PARTS[name]()
    }
  } finally {
    await stop()
  }
  console.log('\nAll long rounds passed.')
})
