import { test } from 'node:test'
import { STORES } from '../support/layer.js'
import { chosenRun } from './chosen-run.js'
import { provokeRaces } from './run-concurrently.js'

for (const [name, open] of Object.entries(STORES)) {
  test(`whatever people do at the same moment in two processes, nothing is lost, revived or had twice, on the ${name} store`, async (t) => {
    const run = chosenRun(t)
    await provokeRaces(open(), run)
  })
}
