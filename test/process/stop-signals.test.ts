import assert from 'node:assert/strict'
import test from 'node:test'
import { stopSignals } from '../../src/process/stop-signals.ts'

test('a second signal within two seconds counts as a forwarded copy of the first signal, and a later signal forces the stop', () => {
  const meaning = stopSignals()
  assert.equal(meaning(500), 'stop')
  assert.equal(meaning(500), 'same')
  assert.equal(meaning(2_500), 'same')
  assert.equal(meaning(2_501), 'force')
})
