import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import test from 'node:test'
import { Worker } from 'node:worker_threads'
import { identifyProcess } from '../../../src/session/core/process-identity.ts'
import { isProcessRunning } from '../../../src/session/index.ts'
import { until } from '../../support/until.ts'

const own = () => JSON.parse(identifyProcess())
const isRunning = (fields: object) => isProcessRunning(JSON.stringify({ ...own(), ...fields }))
const onLinux = { skip: process.platform !== 'linux' && 'only Linux tells the start time of a process' }

test('[PROC-3] a process counts as running while its process id exists, and a killed process stops counting at once', () => {
  assert.equal(isRunning({}), true)
  const { pid } = spawnSync(process.execPath, ['--version'])
  assert.equal(isRunning({ pid }), false)
})

test('[PROC-3] a process with the process id of a killed process does not count as the killed process', onLinux, () => {
  assert.equal(isRunning({ started: '1' }), false)
})

test('[PROC-3] a zombie process does not count as running', onLinux, async (t) => {
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'])
  t.after(() => parent.kill('SIGKILL'))
  const [output] = await once(parent.stdout, 'data')
  const pid = Number(output)
  const started = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21]
  assert.equal(isRunning({ pid, thread: pid, started }), true)
  process.kill(pid, 'SIGKILL')
  await until('it counts as ended', async () => isRunning({ pid, thread: pid, started }) === false)
  assert.ok(process.kill(pid, 0), 'its process id exists')
})

test('[PROC-3] a terminated worker thread does not count as running, although its process runs', async () => {
  const module = new URL('../../../src/session/core/process-identity.ts', import.meta.url)
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
    import(workerData).then(({ identifyProcess }) => parentPort.postMessage(identifyProcess()))
    parentPort.on('message', () => {})`,
    { eval: true, workerData: module.href },
  )
  const [identity] = await once(worker, 'message')
  // On other systems than Linux the result is `undefined`, because only the last heartbeat decides there.
  assert.equal(isProcessRunning(identity), process.platform === 'linux' ? true : undefined)
  await worker.terminate()
  assert.equal(isProcessRunning(identity), process.platform === 'linux' ? false : undefined)
  assert.equal(isRunning({ thread: null }), undefined)
})

test('[PROC-5] the process id decides only on the same host since the same boot, and elsewhere the last heartbeat decides', () => {
  const dead = spawnSync(process.execPath, ['--version']).pid
  for (const pid of [process.pid, dead, 1]) {
    assert.equal(isRunning({ pid, host: 'another-container' }), undefined)
    assert.equal(isRunning({ pid, boot: 'another boot' }), undefined)
    assert.equal(isRunning({ pid, boot: null }), undefined)
  }
  for (const text of [`${process.pid}-0123456789abcdef`, String(process.pid), 'null', '', '{}'])
    assert.equal(isProcessRunning(text), undefined, text)
})

test('[PROC-5] the last heartbeat decides between machines whose names are unknown, and a process that may not be asked counts as running', (t) => {
  t.mock.method(process, 'kill', () => {
    throw new Error('Deno needs --allow-run')
  })
  assert.notEqual(isRunning({}), false)
  t.mock.method(os, 'hostname', () => {
    throw new Error('Deno needs --allow-sys')
  })
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.reset()
    syncBuiltinESMExports()
  })
  assert.equal(own().host, null)
  assert.equal(isRunning({}), undefined)
})
