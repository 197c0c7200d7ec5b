import assert from 'node:assert/strict'
import test from 'node:test'
import { quantile, ratioOf, spreadOf } from '../../bench/figures.ts'

test('a spread is the median with the range of the middle half', () => {
  assert.deepEqual(spreadOf([5, 1, 4, 2, 3]), { median: 3, low: 2, high: 4 })
  assert.equal(quantile([10, 20], 0.5), 15)
  assert.equal(
    quantile(
      Array.from({ length: 101 }, (_, index) => index),
      0.99,
    ),
    99,
  )
})

test('a ratio compares the slices of the same turn, so that a slow machine in one turn does not change the ratio', () => {
  assert.deepEqual(ratioOf([50, 5, 20], [100, 10, 40]), { median: 0.5, low: 0.5, high: 0.5 })
})
