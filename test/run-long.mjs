// npm run test:long: what takes too long for the gate. All of it takes an hour and more.
//   npm run test:long                          all
//   npm run test:long -- model | faults | million | browser

import { runBrowserTests } from './gate/browser-tests.mjs'
import { compileEverything } from './gate/compile.mjs'
import { ensureDevTools } from './gate/dev-tools.mjs'
import { GateError, headline, run } from './gate/run-program.mjs'
import { startTestServers } from './gate/test-servers.mjs'
import { runUnitTests } from './gate/unit-tests.mjs'

const BROWSER_ROUNDS = 10
const PROCESS_MINUTES = 60

const PARTS = {
  async model() {
    process.env.MODEL_RUNS = '1000'
    process.env.COMPARED_ROUNDS = '50'
    await runUnitTests(['session/model', '-compared'], { processMinutes: PROCESS_MINUTES })
  },
  async faults() {
    process.env.FAULT_ROUNDS = '10'
    await runUnitTests(['session/faults'], { processMinutes: PROCESS_MINUTES })
  },
  million: () => run(process.execPath, ['bench/million.mjs'], 'A lookup among a million sessions takes too long.'),
  async browser() {
    for (let round = 1; round <= BROWSER_ROUNDS; round++) {
      headline(`Round ${round} of ${BROWSER_ROUNDS}`)
      await runBrowserTests([])
    }
  },
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !(name in PARTS))
if (unknown) {
  console.log(`${unknown} is unknown. Use ${Object.keys(PARTS).join(', ')}, or nothing for all of them.`)
  process.exit(2)
}

try {
  await ensureDevTools()
  await compileEverything()
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
} catch (error) {
  if (!(error instanceof GateError)) throw error
  console.log(`\n✘ ${error.message}`)
  process.exitCode = 1
}
