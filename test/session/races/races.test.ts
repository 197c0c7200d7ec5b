import { test } from 'node:test'
import { chosenRun } from '../model/run-options.ts'
import { STORES } from '../support/layer.ts'
import { provokeRaces } from './provoke-races.ts'

for (const [name, open] of Object.entries(STORES)) {
  test(`whatever people do at the same moment in two processes, nothing is lost, revived or had twice, on the ${name} store`, async (t) => {
    const run = chosenRun(t)
    await provokeRaces(open(), run)
  })
}
