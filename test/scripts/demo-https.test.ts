import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { makeClone } from '../support/clone.ts'
import { settingsIn, startServerProcess, temporaryFolder } from '../support/process.ts'
import { Visitor } from '../support/visitor.ts'

const ENTRY = 'scripts/demo-https.mjs'

test('[BIND-51] demo:https asks browsers for a key, keeps its certificate for the next start, and prints the flags for Chromium', async (t) => {
  const clone = makeClone(t)
  const program = { entry: join(clone, ENTRY), cwd: clone, env: settingsIn(temporaryFolder(t)) }
  const first = await startServerProcess(t, program)
  assert.match(first.url, /^https:/)
  const login = await new Visitor(first.url).logInWell(4)
  assert.match(String(login.headers['secure-session-registration']), /;path="\/session\/bind";/)
  const flag = /--enable-features=DeviceBoundSessions,\S+ \\\n\s+--ignore-certificate-errors-spki-list=[\w+/]{43}=/
  const [flags] = await first.program.printed(flag)
  await first.program.stop()
  const modes = ['.https', '.https/localhost.pem'].map((path) => statSync(join(clone, path)).mode & 0o777)
  assert.deepEqual(modes, [0o700, 0o600])

  const second = await startServerProcess(t, program)
  assert.deepEqual((await second.program.printed(flag))[0], flags)
  await second.program.stop()
})
