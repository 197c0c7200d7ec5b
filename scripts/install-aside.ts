import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

/** Copies a folder to a temporary folder and installs the packages of its `package.json` there. Returns the temporary folder. */
export function installAside(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'aside-'))
  const copy = join(folder, basename(source))
  cpSync(source, copy, { recursive: true })
  const options = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  execFileSync('npm', options, { cwd: copy, stdio: 'inherit' })
  return folder
}
