import { missingSteps } from '../shared/layout.ts'
import { type RunScript, script } from './client.ts'
import { RECORDS } from './lua-library.ts'

/**
 * Step n, in Lua, creates layout n. All steps run in one script, so a step over many sessions blocks Redis. Old scripts
 * read exactly the lines that `lines.ts` lists. A new field of a record is therefore a new field of its hash, and needs
 * no step if it may be absent. Layout 1 needs no step either: versions up to 0.5.0 wrote it without a layout key.
 */
export const STEPS: readonly string[] = ['']

/** Migrates the keys of an application when this process first uses them. @throws Error for a newer layout. */
export function layoutCheck(run: RunScript, steps: readonly string[]): (app: string) => Promise<void> | undefined {
  const migrate = migration(steps)
  const checked = new Set<string>()
  async function check(app: string): Promise<void> {
    missingSteps(await run(migrate, app), steps, 'use another prefix')
    checked.add(app)
  }
  return (app) => (checked.has(app) ? undefined : check(app))
}

/** Returns the layout after the steps. Deletes before it writes, so that it works when Redis has no free memory. */
function migration(steps: readonly string[]) {
  return script(
    [RECORDS],
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
