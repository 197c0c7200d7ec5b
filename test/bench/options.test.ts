import assert from 'node:assert/strict'
import test from 'node:test'
import { readOptions } from '../../bench/options.ts'
import { planOf } from '../../bench/plan.ts'

test('the full run measures every workload with 1, 8 and 50 connections, and reads and writes of larger and more sessions', () => {
  const options = readOptions([])
  assert.ok(options.slices >= 15)
  const plan = planOf(options).map(({ bytes, sessions, rounds }) => [
    bytes,
    sessions,
    rounds.map(({ workload, connections }) => `${workload} ${connections}`).join(', '),
  ])
  const all =
    'read 1, read 8, read 50, bearer read 50, write 1, write 8, write 50, new visitor 1, new visitor 8, new visitor 50'
  assert.deepEqual(plan, [
    [200, 1000, all],
    [4096, 1000, 'read 50, write 50'],
    [32768, 1000, 'read 50, write 50'],
    [200, 50000, 'read 50, write 50'],
  ])
})

test('an option replaces a value of the quick run', () => {
  const { connections, slices, workloads } = readOptions(['--quick', '--slices', '7', '--workloads', 'write'])
  assert.deepEqual({ connections, slices, workloads }, { connections: [50], slices: 7, workloads: ['write'] })
})

test('a wrong option is refused with its name', () => {
  for (const [args, message] of [
    [['--rounds', '3'], /--rounds/],
    [['--workloads', 'writes'], /--workloads: "writes" is none of read, bearer read, write, new visitor/],
    [['--slices', '0'], /--slices: "0" is not a number of at least 1/],
    [['--connections', '1.5'], /--connections: "1.5" is not a whole number/],
    [['--connections', '50', '--sessions', '8'], /--sessions: each of the 50 connections needs a session of its own/],
  ] as const)
    assert.throws(() => readOptions(args), message)
})
