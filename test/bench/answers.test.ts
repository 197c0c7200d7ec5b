import assert from 'node:assert/strict'
import test from 'node:test'
import { WrongAnswer } from '../../bench/answers.ts'
import type { Workload } from '../../bench/contestants.ts'
import { measurePopulation } from '../../bench/measure.ts'
import { readOptions } from '../../bench/options.ts'
import { openStores } from '../../bench/stores.ts'

const SERVER = new URL('forgetful-server.mjs', import.meta.url).href

const FAULTS: [fault: string, workload: Workload][] = [
  ['forgets all sessions', 'read'],
  ['forgets all sessions', 'write'],
  ['mixes up its visitors', 'read'],
  ['loses a write', 'write'],
  ['stores no write', 'write'],
  ['gives one cookie to all', 'new visitor'],
  ['stores no new visitor', 'new visitor'],
]

for (const [fault, workload] of FAULTS)
  test(`the benchmark of ${workload}s reports nothing about a server that ${fault} and answers with status 200`, async () => {
    await assert.rejects(reportedRounds(fault, workload), (error) => {
      assert.ok(error instanceof WrongAnswer)
      assert.ok(error.message.startsWith(fault), error.message)
      return true
    })
  })

test('the benchmark reports every round of a server without a fault', async () => {
  for (const workload of ['read', 'write', 'new visitor'] as const)
    assert.equal(await reportedRounds('has no fault', workload, [1, 2]), 2)
})

async function reportedRounds(fault: string, workload: Workload, connections = [2]): Promise<number> {
  const contestant = {
    name: fault,
    library: fault,
    kind: fault as never,
    program: SERVER,
    workloads: [workload],
    isBare: false,
    isPeer: false,
  }
  const population = { bytes: 200, sessions: 4, rounds: connections.map((each) => ({ workload, connections: each })) }
  const options = readOptions(['--warm-up', '50', '--slices', '2', '--seconds', '0.03', '--latency-seconds', '0'])
  const stores = await openStores([])
  let reported = 0
  try {
    await measurePopulation(population, [contestant], options, { stores, cores: {}, peers: undefined }, () => {
      reported++
    })
  } catch (error) {
    assert.equal(reported, 0)
    throw error
  } finally {
    await stores.close()
  }
  return reported
}
