import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test from 'node:test'
import Database from 'better-sqlite3'
import { type SqliteDatabase, sqliteStore } from '../../../../src/session/stores/sqlite/index.ts'
import { APP, credential, NOWHERE, session, trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { temporaryFolder } from '../../../support/process.ts'

const DRIVERS: Record<string, (file: string) => SqliteDatabase & { close(): unknown }> = {
  'better-sqlite3': (file) => new Database(file),
  'node:sqlite': (file) => new DatabaseSync(file),
}
// On a busy machine, timers may fire this much too late.
const LATE_MILLISECONDS = 1000

test('[PROC-2] while another connection holds the lock of a SQLite file, each write throws within two seconds, and reads succeed', async (t) => {
  await Promise.all(
    Object.entries(DRIVERS).map(async ([name, open]) => {
      const file = join(temporaryFolder(t), 'sessions.sqlite')
      const [db, other] = [open(file), open(file)]
      t.after(() => [db, other].forEach((connection) => void connection.close()))
      const trial = trialOf(sqliteStore(db))
      const { store, clock } = trial
      const { record, cookie } = await trial.stored()
      const { id } = record
      other.exec('BEGIN IMMEDIATE')

      const own = { id, hash: cookie.hash, by: cookie.hash, handle: cookie.handle, credential: credential(clock) }
      const process = { app: APP, now: clock.now(), processId: 'a' }
      const writes: Record<string, () => Promise<unknown> | undefined> = {
        create: () => store.create({ session: session(clock), credential: credential(clock) }),
        update: () => store.update({ id, expected: {}, writeId: 'w', changes: { storage: '{"n":1}' } }),
        touch: () => store.touch({ ...own, from: NOWHERE }),
        attach: () => store.attach(own),
        detach: () => store.detach({ ...own, reason: 'revoked' }),
        rotate: () => store.rotate({ ...own, others: 'keep' }),
        redeem: () => store.redeem(own),
        replace: () => store.replace({ ...own, expected: {}, session: session(clock) }),
        end: () => store.end({ id, reason: 'closed' }),
        endMany: () => store.endMany({ filter: {}, reason: 'revoked' }),
        remove: () => store.remove({ id }),
        takeMessage: () => store.takeMessage(own),
        sweep: () => store.sweep({ limit: 10 }),
        beat: () => store.presence?.beat(process),
        leave: () => store.presence?.leave(process),
      }
      const waits = Object.entries(writes).map(async ([write, call]) => {
        const started = performance.now()
        await assert.rejects(async () => call(), /locked/, `${name}: ${write}`)
        return performance.now() - started
      })
      assert.equal((await store.find(own))?.state, 'live')
      const longest = Math.max(...(await Promise.all(waits)))
      assert.ok(longest < 2000 + LATE_MILLISECONDS, `${name}: a write waited for ${longest} ms`)

      other.exec('ROLLBACK')
      assert.equal((await store.get({ id }))?.version, record.version, 'nothing was written')
      assert.ok((await writes.update?.()) !== undefined)
    }),
  )
})
