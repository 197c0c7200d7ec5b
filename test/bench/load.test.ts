import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { asFastAsPossible, atFixedRate, warmUp } from '../../bench/load.ts'

test('a slice waits for the answer of every request that it has sent, and no connection has two requests at once', async () => {
  const { client, counts } = recordingClient(3)
  const { answered } = await asFastAsPossible(client, 0.02)
  assert.deepEqual(counts(), { sent: answered, answered, mostAtOnce: 1 })
})

test('a warm-up sends as many requests as wanted, over all connections', async () => {
  const { client, counts } = recordingClient(3)
  await warmUp(client, 50)
  assert.deepEqual(counts(), { sent: 50, answered: 50, mostAtOnce: 1 })
})

test('a fixed rate gives the number of requests, however many connections there are', async () => {
  for (const connections of [1, 7]) {
    const { client, counts } = recordingClient(connections)
    const latencies = await atFixedRate(client, 1000, 0.05)
    assert.deepEqual([latencies.length, counts()], [50, { sent: 50, answered: 50, mostAtOnce: 1 }])
  }
})

test('at a fixed rate, a request that waits for a busy connection has the wait in its latency', async () => {
  let isFirst = true
  const client = {
    connections: 1,
    async ask() {
      if (isFirst) await pause(100)
      isFirst = false
    },
    close() {},
  }
  const [, second = 0] = await atFixedRate(client, 1000, 0.01)
  assert.ok(second > 90, `the second request was due after 1 ms, but its latency is ${second} ms`)
})

function recordingClient(connections: number) {
  const open = Array.from({ length: connections }, () => 0)
  const counts = { sent: 0, answered: 0, mostAtOnce: 0 }
  const client = {
    connections,
    async ask(connection: number) {
      counts.sent++
      open[connection] = (open[connection] ?? 0) + 1
      counts.mostAtOnce = Math.max(counts.mostAtOnce, open[connection])
      await nextTurn()
      open[connection]--
      counts.answered++
    },
    close() {},
  }
  return { client, counts: () => counts }
}
