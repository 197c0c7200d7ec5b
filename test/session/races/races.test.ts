import { test } from 'node:test'
import { chosenRun } from '../model/run-options.ts'
import { STORES } from '../support/layer.ts'
import { provokeRaces } from './provoke-races.ts'

for (const [name, open] of Object.entries(STORES)) {
  test(`for random concurrent actions in two processes, no write is lost, no session is revived, and no single-use action succeeds twice, on the ${name} store`, async (t) => {
    const run = chosenRun(t)
    await provokeRaces(open(), run)
  })
}
