import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './run-program.mjs'

/** Compiles sources and tests afresh, and checks all types. */
export async function compileEverything() {
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], 'The types do not check.')
}
