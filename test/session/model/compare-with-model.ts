import fc from 'fast-check'
import type { SessionStore } from '../../../src/session/index.ts'
import { otherCommands } from './admin-commands.ts'
import { peopleCommands } from './browser-commands.ts'
import { clientCommands } from './client-commands.ts'
import { Model, type Rules } from './model.ts'
import { checkEverything } from './model-checks.ts'
import { openWorld, START } from './real-system.ts'

export interface RunOptions {
  runs: number
  seed: number
  /** Sends requests over HTTP instead of calling the layer directly. */
  overHttp?: boolean
  /** Reports the first failed run without searching for a shorter one. */
  endOnFailure?: boolean
  /** The values from the report of a failed run, which repeat this run. */
  path?: string | undefined
  replayPath?: string | undefined
}

const rules: fc.Arbitrary<Rules> = fc.record({
  guests: fc.constantFrom('first-request', 'first-write'),
  maxSessions: fc.constantFrom(undefined, undefined, 3, 6),
  maxSessionsPerUser: fc.constantFrom(undefined, undefined, 1, 2),
})

/** Runs random actions in the layer and in the model. Throws the shortest run in which the results differ. */
export async function compareWithModel(store: SessionStore, options: RunOptions): Promise<void> {
  const { runs, seed, overHttp = false, endOnFailure = false, path, replayPath } = options
  const commands = fc.commands([...peopleCommands, ...clientCommands, ...otherCommands], {
    maxCommands: 60,
    size: 'max', // about 30 commands in a run
    ...(replayPath !== undefined && { replayPath }),
  })
  const property = fc.asyncProperty(rules, commands, async (rules, commands) => {
    const model = new Model(START, rules)
    const world = await openWorld(store, rules, overHttp)
    try {
      await fc.asyncModelRun(() => ({ model, real: world }), commands)
      await checkEverything(model, world)
    } finally {
      await world.wire.close()
    }
  })
  await fc.assert(property, {
    numRuns: runs,
    seed,
    endOnFailure,
    includeErrorInReport: true,
    ...(path !== undefined && { path }),
  })
}
