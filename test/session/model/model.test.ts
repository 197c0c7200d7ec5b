import { test } from 'node:test'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { STORES } from '../support/layer.ts'
import { compareWithModel } from './compare-with-model.ts'
import { chosenRun } from './run-options.ts'

for (const [name, open] of Object.entries(STORES)) {
  test(`for random actions in any order, each user sees what a simple model predicts, on the ${name} store`, async (t) => {
    await compareWithModel(open(), chosenRun(t))
  })
}

test('for random actions over HTTP, each user sees what a simple model predicts', async (t) => {
  await compareWithModel(memoryStore(), { ...chosenRun(t, 0.1), overHttp: true })
})
