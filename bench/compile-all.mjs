import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../scripts/prepare.mjs'

/** Compiles everything, test support too: that knows how database servers are started. */
export function compileAll() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const options = { cwd: root, encoding: 'utf8' }
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--noCheck'], options)
  if (status !== 0) throw new Error(`The project could not be compiled:\n${stdout}`)
}
