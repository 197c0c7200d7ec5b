import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { SessionStore } from '../../../src/session/index.ts'
import { isLive, isUnusedLogin, type SessionRecord } from '../../../src/session/record.ts'
import type { RunOptions } from '../model/compare-with-model.ts'
import { START } from '../model/real-system.ts'
import { Scene, type SceneLimits } from './scenario.ts'
import { deeds, NOTICE } from './scenario-actions.ts'

const limits: fc.Arbitrary<SceneLimits> = fc.record({
  maxSessions: fc.constantFrom(undefined, undefined, 3),
  maxSessionsPerUser: fc.constantFrom(undefined, undefined, 2),
})
const AFTER = START + 2 * 60_000

/** Checks the result of concurrent actions. Throws an error with a small set of actions that fails. */
export async function provokeRaces(
  store: SessionStore,
  { runs, seed, endOnFailure = false, path }: RunOptions,
): Promise<void> {
  const property = fc.asyncProperty(limits, deeds, async (limits, deeds) => {
    const scene = new Scene(store, limits)
    await scene.begin()
    await Promise.all(deeds.map((deed) => deed.begin(scene)))
    await checkEnds(scene)
    await checkLimits(scene)
    checkOnce(scene)
    await checkCounters(scene)
    await checkCookies(scene)
    await checkMessages(scene)
  })
  await fc.assert(property, {
    numRuns: runs,
    seed,
    endOnFailure,
    includeErrorInReport: true,
    ...(path !== undefined && { path }),
  })
}

async function checkEnds({ ended, store, appName }: Scene): Promise<void> {
  assert.equal(new Set(ended).size, ended.length, 'no session ends twice')
  for (const id of ended) {
    const record = await store.get({ app: appName, id })
    assert.ok(!record || !isLive(record, AFTER), 'nothing comes back')
    if (record) assert.deepEqual([record.startTime, record.lastAccessTime, record.storage], [null, null, '{}'])
  }
}

async function checkLimits({ limits, store, appName }: Scene): Promise<void> {
  const { sessions } = await store.list({ app: appName, filter: {}, page: { size: 500 }, now: AFTER })
  const credentials = await store.credentials({ app: appName, ids: sessions.map(({ id }) => id) })
  // Unused logins of one origin count as one session.
  const unitOf = ({ id }: SessionRecord) => credentials.get(id)?.find(isUnusedLogin)?.details ?? id
  const units = (some: readonly SessionRecord[]) => new Set(some.map(unitOf)).size
  if (limits.maxSessions !== undefined)
    assert.ok(units(sessions) <= limits.maxSessions, `${sessions.length} records, ${units(sessions)} sessions`)
  const ofUsers = sessions.filter((session) => isLive(session, AFTER) && session.userId !== null)
  for (const user of new Set(ofUsers.map(({ userId }) => userId)))
    if (limits.maxSessionsPerUser !== undefined) {
      const own = ofUsers.filter(({ userId }) => userId === user)
      assert.ok(units(own) <= limits.maxSessionsPerUser, `sessions of ${user}`)
    }
}

/** Checks that one caller opened each link, rotated each cookie, and ended or replaced each session. */
function checkOnce({ opened, renewed, revoked, created, replacements, mainId, ended }: Scene): void {
  for (const [link, times] of opened) assert.equal(times, 1, `link ${link} opened`)
  for (const times of renewed.values()) assert.equal(times, 1, 'one cookie renewed once')
  for (const times of revoked.values()) assert.equal(times, 1, 'one end told once')
  const replaced = replacements.flatMap(({ replaced }) => replaced ?? [])
  assert.equal(new Set(replaced).size, replaced.length, 'one session replaced once')
  const begun = [...created, ...replacements.filter(({ replaced }) => replaced !== undefined).map(({ id }) => id)]
  assert.equal(new Set(begun).size, begun.length, 'ids are never used again')
  assert.ok(replaced.every((id) => ended.includes(id)))
  assert.ok(begun.includes(mainId))
}

/** Checks that each session contains every answered write once, including writes of the session that it replaced. */
async function checkCounters(scene: Scene): Promise<void> {
  const { raised, keptFrom, created, replacements } = scene
  for (const id of new Set([...created, ...replacements.map((replacement) => replacement.id)])) {
    const storage = await scene.manager(0).storage(id)
    if (!storage) continue
    let answered = 0
    for (let place: string | undefined = id; place !== undefined; place = keptFrom.get(place))
      answered += raised.get(place) ?? 0
    assert.equal(storage.count ?? 0, answered, 'every answered write is there')
  }
}

async function checkCookies(scene: Scene): Promise<void> {
  for (const { cookie, userId } of scene.handedOut) {
    const { session, value } = await scene.ask(cookie, 0, async () => {})
    assert.equal(value, undefined, 'a read sets no cookie')
    if (session.isNew)
      assert.deepEqual([session.userId, session.isGuest(), { ...session.storage }], [undefined, true, {}])
    else assert.equal(session.userId ?? null, userId)
    assert.ok(!scene.ended.includes(session.id), 'no cookie opens an ended session')
  }
}

/** Checks that each device that the administrator signed out gets the message once, even in concurrent requests. */
async function checkMessages(scene: Scene): Promise<void> {
  if (!scene.revoked.has(scene.mainId)) return
  let told = 0
  for (const { cookie } of scene.handedOut.filter(({ cookie }) => cookie.startsWith(`${scene.mainId}.`))) {
    const asked = [0, 1].map((process) => scene.ask(cookie, process, (session) => session.takeMessage()))
    const messages = (await Promise.all(asked)).map(({ outcome }) => outcome).filter((text) => text === NOTICE)
    assert.ok(messages.length <= 1, 'a message is told once')
    told += messages.length
  }
  assert.ok(told > 0, 'a device got the message')
}
