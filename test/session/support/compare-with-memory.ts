import assert from 'node:assert/strict'
import type { ListFilter, Page, SessionStore } from '../../../src/session/store.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'
import { chance } from './random.ts'
import { type Question, Questions, USERS } from './store-questions.ts'

const APP = 'COMPARED'
const EVERY = 100
const FILTERS: readonly ListFilter[] = [
  {},
  { kind: 'web' },
  { kind: 'rest' },
  { state: 'guest' },
  { state: 'user' },
  { state: 'restored' },
  { state: 'invalidated' },
  { via: 'token' },
  { via: 'login' },
  { kind: 'rest', state: 'user' },
  ...USERS.map((userId) => ({ userId })),
]

/** Makes the same random calls to this store and to a memory store, and compares the answers. */
export async function compareWithMemory(store: SessionStore, seed: number, questions: number): Promise<void> {
  const memory = memoryStore()
  const asked = new Questions(chance(seed))
  for (let nth = 1; nth <= questions; nth++) {
    const question = asked.next()
    const expected = await answerOf(memory, question)
    const about = `seed ${seed}, question ${nth}: ${question.name} ${JSON.stringify(question.call)}`
    assert.deepEqual(await answerOf(store, question), expected, about)
    if (question.name === 'sweep') await leaveTheDead(memory, asked)
    if (nth % EVERY === 0) await compareAll(memory, store, asked, about)
  }
}

/** Later calls do not use the devices of swept sessions, because a store may have deleted their tombstones. */
async function leaveTheDead(memory: SessionStore, { hashes, now }: Questions): Promise<void> {
  for (const [hash, id] of hashes) if (!(await memory.find({ app: APP, id, hash, now }))) hashes.delete(hash)
}

async function compareAll(memory: SessionStore, store: SessionStore, asked: Questions, about: string): Promise<void> {
  const { ids, now } = asked
  const stores = [store, memory] as const
  const same = async (ask: (store: SessionStore) => Promise<unknown>) => {
    const [answer, expected] = await Promise.all(stores.map(ask))
    assert.deepEqual(answer, expected, `after ${about}`)
  }
  for (const id of ids) await same((one) => one.get({ app: APP, id }))
  await same((one) => one.credentials({ app: APP, ids }))
  for (const filter of FILTERS) {
    await same((one) => one.count({ app: APP, filter, now }))
    for (const sort of ['created', 'seen', 'end'] as const)
      for (const direction of ['asc', 'desc'] as const)
        await same((one) => idsListed(one, filter, { sort, direction, size: 7 }, now))
  }
}

async function idsListed(store: SessionStore, filter: ListFilter, page: Page, now: number): Promise<string[]> {
  const ids: string[] = []
  for (let after: Page['after']; ; ) {
    const { sessions, next } = await store.list({ app: APP, filter, page: after ? { ...page, after } : page, now })
    ids.push(...sessions.map(({ id }) => id))
    if (!next) return ids
    after = next
  }
}

/** Sorts lists without an order, and returns the same text for every error. */
async function answerOf(store: SessionStore, { name, call }: Question): Promise<unknown> {
  const ask = store[name].bind(store) as (call: object) => Promise<unknown>
  const answer = await ask({ app: APP, ...structuredClone(call) }).catch(() => 'an error')
  return name === 'endMany' || name === 'sweep' ? sortedById(answer as { id: string }[]) : answer
}

function sortedById(sessions: readonly { id: string }[]): { id: string }[] {
  return [...sessions].sort((a, b) => (a.id < b.id ? -1 : 1))
}
