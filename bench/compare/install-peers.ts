import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Copies the servers of the libraries to a temporary folder and installs the libraries there. Returns the folder. */
export function installPeers(): string {
  const folder = mkdtempSync(join(tmpdir(), 'compare-'))
  cpSync(fileURLToPath(new URL('peers', import.meta.url)), join(folder, 'peers'), { recursive: true })
  const options = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  execFileSync('npm', options, { cwd: join(folder, 'peers'), stdio: 'inherit' })
  return folder
}
