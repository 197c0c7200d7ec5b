import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { createLog } from '../../src/parts/log.ts'
import { createParts } from '../../src/parts/parts.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { demoConfig } from '../support/demo.ts'
import { temporaryFolder } from '../support/process.ts'
import { troubledStore } from '../support/troubled-store.ts'

test('a server that stops while its store is down loses no entry of the audit trail, and logs that its sessions were not closed', async (t) => {
  const config = demoConfig({ database: { kind: 'sqlite', file: join(temporaryFolder(t), 'crm.sqlite') } })
  const trouble = troubledStore(memoryStore())
  const lines: string[] = []
  const log = createLog(config, { write: (line) => void lines.push(line) })
  const parts = await createParts(config, { store: trouble.store, log })
  parts.audit.note({ event: 'sign-out', userId: '4', userName: 'Noah Lindgren' })
  trouble.trouble('fails')
  await parts.close({ endSessions: true })
  assert.ok(lines.some((line) => JSON.parse(line).event === 'sessions.open'))

  const again = await createParts(config, { log })
  const rows = await again.database.selectFrom('audit_events').select(['event', 'user_id']).execute()
  assert.deepEqual(rows, [{ event: 'sign-out', user_id: '4' }])
  await again.close({ endSessions: true })
})
