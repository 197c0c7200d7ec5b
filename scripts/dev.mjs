// npm run dev: runs the server, and restarts the server when a source file, a migration or a view changes.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

// Restarts when no file has changed for this time, because editors write several files, or one file in several steps.
const QUIET_MILLISECONDS = 100
const WATCHED = ['src', 'db', 'views']
// Ignores databases and temporary files of editors. A database changes with every request.
const IGNORED = /\.sqlite(-\w+)?$|~$|\.sw.$/

let server
let timer
let ending = false
let restarting = Promise.resolve()

startServer()
for (const folder of WATCHED) watch(join(root, folder), { recursive: true }, (_event, file) => changed(folder, file))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end)

function startServer() {
  // Sessions survive a restart, so that no login is needed after each change.
  const env = { SESSION_CLOSE_ON_STOP: 'false', ...process.env }
  server = spawn(process.execPath, [join(root, 'src', 'main.ts')], { stdio: 'inherit', env })
  const started = server
  started.once('exit', (code) => {
    if (server !== started) return
    server = undefined
    if (ending) process.exit(code ?? 0)
    console.log('The server stopped. It starts again at the next change; Ctrl-C ends npm run dev.')
  })
}

function changed(folder, file) {
  if (file === null || IGNORED.test(file)) return
  clearTimeout(timer)
  timer = setTimeout(() => {
    restarting = restarting.then(() => restart(join(folder, file)))
  }, QUIET_MILLISECONDS)
}

async function restart(file) {
  if (ending) return
  if (isBroken(join(root, file))) {
    console.log('The server goes on as it was.')
    return
  }
  console.log(`${file} changed, starting again …`)
  await stopServer()
  if (!ending) startServer()
}

// Finds syntax errors without running the file.
const CHECK = `require('node:module').stripTypeScriptTypes(require('node:fs').readFileSync(process.argv[1], 'utf8'))`

function isBroken(file) {
  if (!file.endsWith('.ts') || !existsSync(file)) return false
  const args = ['--disable-warning=ExperimentalWarning', '-e', CHECK, file]
  return spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0
}

function stopServer() {
  const stopping = server
  if (stopping === undefined) return undefined
  server = undefined
  return new Promise((resolve) => {
    stopping.once('exit', resolve)
    stopping.kill('SIGTERM')
  })
}

function end() {
  ending = true
  clearTimeout(timer)
  if (server === undefined) restarting.then(() => process.exit(0))
  else server.kill('SIGTERM')
}
