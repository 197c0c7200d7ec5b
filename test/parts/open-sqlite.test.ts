import assert from 'node:assert/strict'
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { createParts } from '../../src/parts/parts.ts'
import { demoConfig } from '../support/demo.ts'
import { temporaryFolder } from '../support/process.ts'

test('[ROUTE-8] only the owner can read the database files, even if other users could read the files before', async (t) => {
  const folder = temporaryFolder(t)
  const before = process.umask(0)
  t.after(() => void process.umask(before))
  const [crm, sessions] = [join(folder, 'crm.sqlite'), join(folder, 'sessions.sqlite')]
  writeFileSync(sessions, '')
  chmodSync(sessions, 0o644)
  const parts = await createParts(
    demoConfig({ database: { kind: 'sqlite', file: crm }, sessionStore: { kind: 'sqlite', file: sessions } }),
  )
  t.after(() => parts.close({ endSessions: true }))
  const rights = readdirSync(folder).map((file) => [file, statSync(join(folder, file)).mode & 0o777])
  assert.deepEqual(
    rights.toSorted(),
    ['crm.sqlite', 'sessions.sqlite'].flatMap((file) => ['', '-shm', '-wal'].map((end) => [file + end, 0o600])),
  )
})
