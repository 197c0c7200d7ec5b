import { createHash } from 'node:crypto'
import type { SendCommand } from './client.ts'

/** A step in Lua that Redis makes as a whole. */
export interface Script {
  readonly text: string
  /** What Redis calls it by. */
  readonly sha: string
}

/** A step and, above it, the parts of the language that it is written in. */
export function script(parts: readonly string[], step: string): Script {
  const text = [...parts, step].join('\n')
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** Makes a step on the keys of one application. */
export type RunScript = (script: Script, app: string, ...parameters: (string | number)[]) => Promise<unknown>

/** @param base The name that all keys of an application begin with. */
export function scriptRunner(send: SendCommand, base: (app: string) => string): RunScript {
  return async ({ text, sha }, app, ...parameters) => {
    const rest = ['1', base(app), ...parameters.map(String)]
    try {
      return await send('EVALSHA', sha, ...rest)
    } catch (error) {
      // Redis was restarted, or forgot its scripts: nothing ran, so the whole text may be sent.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return await send('EVAL', text, ...rest)
    }
  }
}
