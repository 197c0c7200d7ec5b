import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SessionRecord } from '../../../../src/session/record.ts'
import type { ListFilter, Page } from '../../../../src/session/store.ts'
import { redisStore } from '../../../../src/session/stores/redis/index.ts'
import { credential, HOUR, session, type Trial, trialOf } from '../../../../src/session/testing/contract/fixtures.ts'
import { redisUrl } from '../../../support/servers/test-servers.ts'
import { ioredisTo, ownPrefix } from '../../support/redis-connections.ts'

const MANY = 10_000
const AT_ONCE = 500

if (redisUrl !== undefined) {
  const url = redisUrl

  const open = async (t: TestContext): Promise<Trial> => {
    const client = await ioredisTo(url)
    t.after(() => client.disconnect())
    return trialOf(redisStore(client, ownPrefix()))
  }

  test('ten thousand sessions are counted and listed exactly, by every filter, and end or are swept in one step', async (t) => {
    const trial = await open(t)
    const { store, clock } = trial
    const now = clock.now()
    const records = await createMany(trial, (n) => ({
      kind: n % 10 === 0 ? 'rest' : 'web',
      userId: n % 4 === 0 ? null : `user ${n % 3}`,
      startTime: now + (n % 100), // many begin in the same millisecond
      lastAccessTime: now + ((n * 7919) % MANY),
      end: now + HOUR + ((n * 104_729) % 1000),
    }))
    const isMeant: [ListFilter, (record: SessionRecord) => boolean][] = [
      [{ kind: 'web', state: 'user' }, ({ kind, userId }) => kind === 'web' && userId !== null],
      [{ userId: 'user 1', kind: 'rest' }, ({ kind, userId }) => kind === 'rest' && userId === 'user 1'],
      [{ via: 'visit' }, () => true],
    ]
    for (const [filter, meant] of isMeant) {
      const expected = records.filter(meant)
      assert.equal(await store.count({ filter, now }), expected.length)
      for (const sort of ['created', 'seen', 'end'] as const)
        assert.deepEqual(await listed(trial, filter, { sort, direction: 'asc' }), inOrder(expected, sort), sort)
    }
    assert.deepEqual(await listed(trial, {}, { sort: 'created' }), inOrder(records, 'created').reverse())

    const ended = await store.endMany({ filter: { kind: 'web' }, reason: 'revoked', now })
    assert.equal(ended.length, records.filter(({ kind }) => kind === 'web').length)
    assert.equal(await store.count({ filter: {}, now }), MANY - ended.length)
    assert.equal((await store.sweep({ limit: MANY, now: now + 9 * HOUR })).length, MANY - ended.length)
    assert.equal(await store.count({ filter: {}, now }), 0)
  })

  test('a user with far more sessions than the limit keeps only the newest sessions', async (t) => {
    const trial = await open(t)
    const { store, clock } = trial
    await createMany(trial, () => ({ userId: '4' }), 2000)
    const last = session(clock, { userId: '4' })
    const admission = await store.create({
      session: last,
      credential: credential(clock),
      limits: { sessionsPerUser: 2 },
    })
    assert.equal(admission.admitted && admission.ended.length, 1999)
    assert.equal(await store.count({ filter: { userId: '4' } }), 2)
  })
}

async function createMany({ store, clock }: Trial, fields: (n: number) => Partial<SessionRecord>, many = MANY) {
  const records = Array.from({ length: many }, (_, n) => session(clock, fields(n)))
  for (let from = 0; from < many; from += AT_ONCE)
    await Promise.all(
      records
        .slice(from, from + AT_ONCE)
        .map((record) => store.create({ session: record, credential: credential(clock) })),
    )
  return records
}

async function listed({ store }: Trial, filter: ListFilter, page: Page): Promise<string[]> {
  const ids: string[] = []
  for (let after: Page['after']; ; ) {
    const { sessions, next } = await store.list({ filter, page: { ...page, size: 500, ...(after && { after }) } })
    ids.push(...sessions.map(({ id }) => id))
    if (!next) return ids
    after = next
  }
}

function inOrder(records: readonly SessionRecord[], sort: 'created' | 'seen' | 'end'): string[] {
  const value = (record: SessionRecord) =>
    Number(sort === 'created' ? record.startTime : sort === 'seen' ? record.lastAccessTime : record.end)
  return [...records].sort((a, b) => value(a) - value(b) || (a.id < b.id ? -1 : 1)).map(({ id }) => id)
}
