import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { ClassicLevel } from 'classic-level'
import { credential, session, trialOf } from '../../src/session/testing/contract/fixtures.ts'
import { proveStore } from '../../src/session/testing/store-contract.ts'
import { levelStore } from './level-store.ts'

proveStore('LevelDB', async () => {
  const { folder, remove } = temporaryFolder()
  const db = new ClassicLevel(folder)
  return {
    store: await levelStore(db),
    second: await levelStore(db),
    entries: async () => (await db.keys().all()).length,
    async close() {
      await db.close()
      remove()
    },
  }
})

test('the store keeps every session, device, link and message over a restart', async (t) => {
  const { folder, remove } = temporaryFolder()
  t.after(remove)
  const before = new ClassicLevel(folder)
  const { store, clock, stored, attached } = trialOf(await levelStore(before))
  const { record, cookie } = await stored()
  const link = await attached(record.id, credential(clock, { kind: 'otp', expiresAt: clock.now() + 1000 }))
  const ended = await stored()
  await store.end({ id: ended.record.id, reason: 'closed', message: 'Please log in again.' })
  await before.close()

  const after = new ClassicLevel(folder)
  t.after(() => after.close())
  const reopened = trialOf(await levelStore(after), clock)
  assert.equal(await reopened.stateOf(record.id, cookie.hash), 'live')
  assert.deepEqual(await reopened.store.findOTP({ hash: link.hash }), { session: record, credential: link })
  assert.equal(
    await reopened.store.takeMessage({ id: ended.record.id, hash: ended.cookie.hash }),
    'Please log in again.',
  )
})

test('a write that the disk refuses has no effect, and later writes succeed', async (t) => {
  const { folder, remove } = temporaryFolder()
  t.after(remove)
  const db = new ClassicLevel(folder)
  t.after(() => db.close())
  const { store, clock, stored, stateOf } = trialOf(await levelStore(db))
  const { record, cookie } = await stored()
  await db.close()
  const refused = session(clock)
  await assert.rejects(store.create({ session: refused, credential: credential(clock) }))
  await assert.rejects(store.end({ id: record.id, reason: 'closed' }))
  await db.open()
  assert.equal(await stateOf(record.id, cookie.hash), 'live')
  assert.equal(await store.get({ id: refused.id }), undefined)
  assert.equal((await store.end({ id: record.id, reason: 'closed' }))?.id, record.id)
})

test('sessions of a newer layout are refused', async (t) => {
  const { folder, remove } = temporaryFolder()
  t.after(remove)
  const db = new ClassicLevel(folder)
  t.after(() => db.close())
  await db.put('layout', '2')
  await assert.rejects(levelStore(db), /newer version \(layout 2; this one knows 1\)/)
})

function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'crm-level-'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
