import { missingSteps } from '../shared/layout.ts'
import type { RunScript } from './client.ts'
import { script } from './script.ts'

/**
 * Step n is Lua code that creates layout n. All steps run in one script. A step must not change many sessions, because
 * Redis is blocked while the script runs. Scripts of older versions accept only the lines that `lines.ts` lists. New
 * data of a session is therefore stored in a new field of its Redis hash. If the field is optional, no step is needed.
 * The step to layout 1 is empty, because versions up to 0.5.0 wrote layout 1 without a layout key.
 */
export const STEPS: readonly string[] = ['']

/** Migrates the keys of an application when this process first uses them. @throws Error for an unknown layout. */
export function layoutCheck(run: RunScript, steps: readonly string[]): (app: string) => Promise<void> | undefined {
  const migrate = migration(steps)
  const checked = new Set<string>()
  async function check(app: string): Promise<void> {
    missingSteps(await run(migrate, app), steps, 'use another prefix')
    checked.add(app)
  }
  return (app) => (checked.has(app) ? undefined : check(app))
}

/**
 * The script runs the missing steps and returns the layout. Its first write is a DEL, because Redis then allows the
 * script to write even when its memory is full.
 */
function migration(steps: readonly string[]) {
  return script(
    `
local layout = call('GET', app .. 'layout')
local isReadable = not layout or string.find(layout, '^[1-9]%d*$')
local found = isReadable and tonumber(layout or '0')
if not found or found >= ${steps.length} then return layout end
call('DEL', app .. 'layout')
${steps.map((step, index) => `if found < ${index + 1} then ${step} end`).join('\n')}
call('SET', app .. 'layout', '${steps.length}')
return '${steps.length}'
`,
  )
}
