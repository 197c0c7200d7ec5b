// node scripts/run.mjs PROGRAM [ARGUMENT …]: runs a program of this project on a Node that is new enough.
// This file must run on Node 18 and newer. It imports the program only after checking the version.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { downloadedNode, downloadNode } from './install-node.mjs'
import { isNewEnough, nodeDirections } from './node-version.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const SIGNALS = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR2',
  ...(process.platform === 'win32' ? ['SIGBREAK'] : []),
]

const [program = 'src/main.ts'] = process.argv.slice(2)

if (isNewEnough(process.version)) await runHere()
else {
  const node = downloadedNode() ?? downloadNode()
  if (node === undefined) stop(nodeDirections(process.version))
  runUnder(node)
}

/** Runs the program in this process, so that the program receives all signals directly. */
async function runHere() {
  const isInstalled = ['koa', 'better-sqlite3'].every((name) => existsSync(join(root, 'node_modules', name)))
  if (!isInstalled) stop('The packages are not installed yet. Run "npm ci" first.')
  // Workers and child processes inherit the variable. Node runs without the cache when it cannot write to the folder.
  process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'compile')
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE)
  const file = join(root, program)
  process.argv.splice(1, 2, file)
  await import(pathToFileURL(file).href)
}

/** Forwards signals to the child. Ends with the exit code or the signal of the child. */
function runUnder(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' })
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal))
  child.once('error', ({ message }) =>
    stop(`The downloaded Node cannot be run: ${message}. ${nodeDirections(process.version)}`),
  )
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const name of SIGNALS) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}

function stop(problem) {
  console.error(problem)
  process.exit(1)
}
