import type { TestContext } from 'node:test'
import type { RunOptions } from './compare-with-model.ts'

/**
 * How many runs, and which. A hundred unless `MODEL_RUNS` says otherwise; `MODEL_SEED`, `MODEL_PATH` and `MODEL_REPLAY` (its replayPath), as the
 * report of a failed run says, go the same way again.
 */
export function chosenRun(t: TestContext, share = 1): RunOptions {
  const { MODEL_RUNS = '100', MODEL_SEED, MODEL_PATH: path, MODEL_REPLAY: replayPath } = process.env
  const seed = MODEL_SEED === undefined ? Date.now() % 2 ** 31 : Number(MODEL_SEED)
  const runs = Math.ceil(Number(MODEL_RUNS) * share)
  t.diagnostic(`${runs} runs, MODEL_SEED=${seed}`)
  return { runs, seed, path, replayPath }
}
