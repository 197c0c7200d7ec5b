import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GateError, root } from './run-program.mjs'

const FILE = join(root, 'test', 'expected-counts.json')

/** Throws when fewer tests ran than were recorded: tests that vanish are not tests that pass. */
export function checkCounts(counts) {
  const expected = JSON.parse(readFileSync(FILE, 'utf8'))
  for (const kind of ['unit', 'browser']) {
    if (counts[kind] < expected[kind])
      throw new GateError(
        `${counts[kind]} ${kind} tests ran, ${expected[kind]} are recorded. If they were removed on purpose, run "npm test -- --update-counts".`,
      )
    if (counts[kind] === 0) throw new GateError(`No ${kind} test ran.`)
    if (counts[kind] > expected[kind])
      console.log(
        `${counts[kind]} ${kind} tests, ${expected[kind]} recorded: record the new ones with --update-counts.`,
      )
  }
}

/** Records how many tests there are. */
export function writeCounts({ unit, browser }) {
  writeFileSync(FILE, `${JSON.stringify({ unit, browser }, null, 2)}\n`)
  console.log(`Recorded ${unit} unit and ${browser} browser tests.`)
}
