import { test } from 'node:test'
import { chosenRun } from '../model/run-options.ts'
import { STORES } from '../support/layer.ts'
import { provokeRaces } from './provoke-races.ts'

for (const [name, open] of Object.entries(STORES)) {
  test(`whatever users do at once in two processes, nothing is lost, revived or done twice, on the ${name} store`, async (t) => {
    const run = chosenRun(t)
    await provokeRaces(open(), run)
  })
}
