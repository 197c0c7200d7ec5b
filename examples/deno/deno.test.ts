import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { proveAdapter } from '../../src/session/testing/adapter-contract.ts'
import { proveExample, startProgram } from '../conversation.ts'

const DENO = 'node_modules/.bin/deno'
// The example reads PORT from the environment.
const RUN = ['run', '--no-prompt', '--allow-net', '--allow-env=PORT']
const start = (...args: string[]) => startProgram(import.meta.dirname, DENO, [...RUN, ...args])

proveExample('Deno', () => start('server.ts'))
proveAdapter('fetch on Deno', (guests) => start('contract-server.ts', guests))

test('[ADAPT-10] the types of the session layer check in Deno', { timeout: 60_000 }, async () => {
  const check = ['check', '--quiet', 'server.ts', 'contract-server.ts']
  await promisify(execFile)(DENO, check, { cwd: import.meta.dirname })
})
