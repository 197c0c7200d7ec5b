import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GateError, root } from './run-program.mjs'

const FILE = join(root, 'test', 'expected-counts.json')

/** Throws a `GateError` when fewer tests ran than test/expected-counts.json records for this part of the gate. */
export function checkCounts(part, counts) {
  const expected = readCounts()[part]
  for (const kind of ['unit', 'browser']) {
    if (counts[kind] < expected[kind])
      throw new GateError(
        `${counts[kind]} ${kind} tests ran, ${expected[kind]} are recorded. If they were removed on purpose, record it with --update-counts.`,
      )
    if (counts[kind] === 0) throw new GateError(`No ${kind} test ran.`)
    if (counts[kind] > expected[kind])
      console.log(
        `${counts[kind]} ${kind} tests, ${expected[kind]} recorded: record the new ones with --update-counts.`,
      )
  }
}

export function writeCounts(part, { unit, browser }) {
  writeFileSync(FILE, `${JSON.stringify({ ...readCounts(), [part]: { unit, browser } }, null, 2)}\n`)
  console.log(`Recorded ${unit} unit and ${browser} browser tests.`)
}

function readCounts() {
  return JSON.parse(readFileSync(FILE, 'utf8'))
}
