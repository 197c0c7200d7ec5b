import assert from 'node:assert/strict'
import test from 'node:test'
import { Sandbox } from '../../../src/lab/sandbox/sandbox.ts'
import { Sandboxes } from '../../../src/lab/sandbox/sandboxes.ts'
import type { SessionStore } from '../../../src/session/store.ts'
import { manualClock } from '../../../src/session/testing/manual-clock.ts'
import { brokenMemory } from '../../session/broken-stores/broken-memory.ts'
import { forgetsBindings } from '../broken-twins.ts'

const CONFIG = {
  sessionIdleMinutes: 60,
  sessionAbsoluteHours: 12,
  sessionTimeoutMinutes: undefined,
  deviceBindingMinutes: 0,
  rememberDays: 30,
  linkMinutes: 15,
}
const [LOGIN, REMEMBERED, BOUND, COPY, LINK, REST] = [
  'A login',
  'A login with “Stay logged in”',
  'A login with device binding',
  'A copy of the bound cookies',
  'A one-time link',
  'A REST sign-in',
]

test('[LAB-22] each login, link and token of a sandbox ends in its minute, with the reason of the session layer', async () => {
  const sandbox = await Sandbox.open(CONFIG)
  assert.deepEqual(endsIn(sandbox), {})
  await sandbox.move(60, 'An hour')
  assert.deepEqual(endsIn(sandbox), {
    [COPY]: '11 bindingFailed',
    [LINK]: '15 linkRefused',
    [REST]: '31 ended: idle',
  })
  await sandbox.move(30 * 24 * 60, 'A month')
  assert.deepEqual(endsIn(sandbox), {
    [LOGIN]: '61 ended: idle',
    [REMEMBERED]: '43200 ended: absolute',
    [BOUND]: '61 ended: idle',
    [COPY]: '11 bindingFailed',
    [LINK]: '15 linkRefused',
    [REST]: '31 ended: idle',
  })
})

test('[LAB-22] a bound login that is used every 20 minutes lives on, also when each proof needs a new challenge', async () => {
  for (const deviceBindingMinutes of [5, 10, 30]) {
    const sandbox = await Sandbox.open({ ...CONFIG, deviceBindingMinutes })
    await sandbox.keepUsing(12)
    assert.equal(endsIn(sandbox)[BOUND], '720 ended: absolute', `${deviceBindingMinutes} minutes`)
  }
})

test('[LAB-22] what is used lives on until the absolute timeout, and the timeouts are those of the configuration', async () => {
  const sandbox = await Sandbox.open({ ...CONFIG, sessionAbsoluteHours: 6, deviceBindingMinutes: 20 })
  await sandbox.keepUsing(5)
  assert.deepEqual(endsIn(sandbox), { [COPY]: '21 bindingFailed', [LINK]: '15 linkRefused' })
  await sandbox.keepUsing(1)
  assert.equal(endsIn(sandbox)[LOGIN], '360 ended: absolute')
  assert.equal(endsIn(sandbox)[BOUND], '360 ended: absolute')
  assert.equal(endsIn(sandbox)[REMEMBERED], undefined)
  assert.equal(endsIn(sandbox)[REST], undefined)
})

const NEVER_ENDS = brokenMemory((_, intact) => ({
  sweep: async () => [],
  async get(call) {
    const record = await intact.get(call)
    return record && { ...record, end: Number.MAX_SAFE_INTEGER, absoluteEnd: Number.MAX_SAFE_INTEGER }
  },
}))
const LINKS_NEVER_END = brokenMemory((_, intact) => {
  const start = manualClock().now()
  return { sweep: async () => [], findOTP: (call) => intact.findOTP({ ...call, now: start }) }
})

for (const [fault, what, makeStore] of [
  ['whose sessions never end', [LOGIN, BOUND, REMEMBERED, REST], NEVER_ENDS],
  ['whose links never end', [LINK], LINKS_NEVER_END],
  ['that forgets bindings', [COPY], forgetsBindings],
] as [string, string[], () => SessionStore][])
  test(`[LAB-22] a sandbox exposes a store ${fault}`, async () => {
    const sandbox = await Sandbox.open(CONFIG, makeStore())
    await sandbox.move(20, '20 minutes')
    if (what.includes(LOGIN)) await sandbox.move(60 * 24 * 60, '60 days')
    for (const title of what) assert.equal(endsIn(sandbox)[title], undefined, title)
  })

test('[LAB-27] a sandbox lives for half an hour after its last use, and a new one displaces the least recently used', async () => {
  const clock = manualClock()
  const sandboxes = new Sandboxes(CONFIG, clock, 2)
  const openFrom = (network: number) => sandboxes.open(undefined, `192.0.2.${network}`)
  const [first, second] = [await openFrom(1), await openFrom(2)]
  const { sandbox, name = '' } = sandboxes.find(first) ?? {}
  const third = await openFrom(3)
  assert.equal(sandboxes.find(second), undefined)
  clock.advance({ minutes: 29 })
  assert.ok(sandbox && sandboxes.findByName(name) === sandbox)
  clock.advance({ minutes: 29 })
  assert.equal(sandboxes.find(third), undefined)
  assert.ok(sandboxes.find(first)?.sandbox === sandbox)
  const fourth = await sandboxes.open(first, '192.0.2.1')
  for (const key of [first, name, undefined]) assert.equal(sandboxes.find(key), undefined)
  assert.ok(sandboxes.find(fourth))
  for (const other of [name, fourth]) assert.equal(sandboxes.findByName(other), undefined)
})

test('[LAB-27] a network that opens many sandboxes displaces its own, and none of another network', async () => {
  const sandboxes = new Sandboxes(CONFIG, manualClock(), 3)
  const others = [await sandboxes.open(undefined, '192.0.2.1'), await sandboxes.open(undefined, '2001:db8:2::1')]
  const own: string[] = []
  for (let network = 1; network <= 4; network++) own.push(await sandboxes.open(undefined, `2001:db8:1:${network}::1`))
  for (const key of others) assert.ok(sandboxes.find(key))
  assert.deepEqual(
    own.map((key) => sandboxes.find(key) !== undefined),
    [false, false, false, true],
  )
})

/** The minute and the event of each end, by the title of the thing. */
function endsIn({ things, startedAt }: Sandbox): Record<string, string> {
  return Object.fromEntries(
    things.flatMap(({ thing: { title }, ended }) =>
      ended ? [[title, `${(ended.at - startedAt) / 60_000} ${ended.event}`]] : [],
    ),
  )
}
