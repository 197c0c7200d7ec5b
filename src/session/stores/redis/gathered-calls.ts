import { setImmediate } from 'node:timers'
import { countDown } from '../shared/deadline.ts'
import type { RunScript } from './client.ts'
import type { Script } from './script.ts'

// Redis blocks for about two milliseconds while a script answers so many calls.
const LARGEST_BATCH = 100
// A batch that is as long as this takes no further calls. The size of a command is limited, and calls with long storages
// save nothing in a batch.
const LONGEST_BATCH = 500_000

interface Batch {
  readonly parameters: (string | number)[]
  size: number
  /** In characters. */
  length: number
  readonly answers: Promise<{ texts: readonly string[]; left: () => number }>
}

interface Gathered {
  answer: string
  /** The milliseconds that the call may still take. */
  left: number
}

/**
 * Gathers the calls of one turn of the event loop. A script gets the parameters that these calls share, and then the
 * parameters of each call. It returns one text for each call. The deadline begins when the script is sent.
 */
export function gatherCalls(runWithin: (milliseconds: number) => RunScript, deadlineMilliseconds: number) {
  const run = runWithin(deadlineMilliseconds)
  const open = new Map<string, Batch>()

  function newBatch(group: string, script: Script, app: string, shared: readonly (string | number)[]): Batch {
    const batch: Batch = {
      parameters: [...shared],
      size: 0,
      length: 0,
      answers: new Promise((resolve) => {
        setImmediate(() => {
          if (open.get(group) === batch) open.delete(group)
          resolve(send())
        })
      }),
    }
    async function send() {
      const left = countDown(deadlineMilliseconds)
      const texts = (await run(script, app, ...batch.parameters)) as string[]
      return { texts, left }
    }
    open.set(group, batch)
    return batch
  }

  return async function gather(
    script: Script,
    app: string,
    { shared = [], own }: { shared?: readonly (string | number)[]; own: readonly (string | number)[] },
  ): Promise<Gathered> {
    const group = [script.sha, app, ...shared].join('\n')
    let batch = open.get(group)
    if (!batch || batch.size === LARGEST_BATCH || batch.length >= LONGEST_BATCH)
      batch = newBatch(group, script, app, shared)
    const index = batch.size++
    for (const parameter of own) if (typeof parameter === 'string') batch.length += parameter.length
    batch.parameters.push(...own)
    const { texts, left } = await batch.answers
    return { answer: texts[index] as string, left: left() }
  }
}
