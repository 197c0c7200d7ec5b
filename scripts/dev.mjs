// npm run dev: run the server, and start it again whenever a source, a migration or a view changes.
import { spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { join } from 'node:path'
import { compile, prepare, root } from './prepare.mjs'

// An editor writes several files, or one in several steps.
const QUIET_MILLISECONDS = 100
const WATCHED = ['src', 'db', 'views']
// The database lies in a watched folder and changes with every request.
const IGNORED = /\.sqlite(-\w+)?$|~$|\.sw.$/

let server
let timer
let ending = false
let restarting = Promise.resolve()

prepare()
startServer()
for (const folder of WATCHED) watch(join(root, folder), { recursive: true }, changed)
process.on('SIGINT', end)
process.on('SIGTERM', end)

function startServer() {
  // Sessions outlive a restart here: nobody wants to log in again after each change.
  const env = { SESSION_CLOSE_ON_STOP: 'false', ...process.env }
  server = spawn(process.execPath, ['--enable-source-maps', join(root, 'dist', 'src', 'main.js')], {
    stdio: 'inherit',
    env,
  })
  const started = server
  started.once('exit', (code) => {
    if (server !== started) return
    server = undefined
    if (ending) process.exit(code ?? 0)
    console.log('The server stopped. It starts again at the next change; Ctrl-C ends npm run dev.')
  })
}

function changed(_event, file) {
  if (file === null || IGNORED.test(file)) return
  clearTimeout(timer)
  timer = setTimeout(() => {
    restarting = restarting.then(() => restart(file))
  }, QUIET_MILLISECONDS)
}

async function restart(file) {
  if (ending) return
  const problem = compile()
  if (problem !== undefined) {
    console.log(`${problem}\nThe server goes on as it was.`)
    return
  }
  console.log(`${file} changed, starting again …`)
  await stopServer()
  if (!ending) startServer()
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
