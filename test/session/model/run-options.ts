import type { TestContext } from 'node:test'
import type { RunOptions } from './compare-with-model.ts'

/** MODEL_SEED, MODEL_PATH and MODEL_REPLAY repeat a failed run with the values from its report. */
export function chosenRun(t: TestContext, share = 1): RunOptions {
  const { MODEL_RUNS = '100', MODEL_SEED, MODEL_PATH: path, MODEL_REPLAY: replayPath } = process.env
  const seed = MODEL_SEED === undefined ? Date.now() % 2 ** 31 : Number(MODEL_SEED)
  const runs = Math.ceil(Number(MODEL_RUNS) * share)
  t.diagnostic(`${runs} runs, MODEL_SEED=${seed}`)
  return { runs, seed, path, replayPath }
}
