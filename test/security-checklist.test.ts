import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../src/config/project-root.ts'

const STATES = ['shown', 'deviation', 'by design', 'not applicable', 'open']
const SHOWN = new Set(
  [...read('docs/behaviour.md').matchAll(/^\| ([A-Z]+-\d+) \| .* \| shown \|$/gm)].map(([, id]) => id),
)

test('[DOC-4] each line of the security checklist names tests that exist, or the reason against it', () => {
  const lines = read('docs/security-checklist.md').split('\n')
  const rows = lines.filter((line) => /^\| N?\d/.test(line)).map((line) => line.slice(2, -2).split(' | '))
  assert.deepEqual(
    rows.map(([number]) => number),
    [
      ...Array.from({ length: 204 }, (_, index) => `${index + 1}`),
      ...Array.from({ length: 15 }, (_, index) => `N${index + 1}`),
    ],
  )
  assert.deepEqual(rows.flatMap(problemsOf), [])
})

test('[DOC-4] a missing test, an unknown promise and a line without a reason are each reported', () => {
  const shown = (evidence: string) => problemsOf(['1', 'It holds.', 'shown', evidence])
  const own = 'test/security-checklist.test.ts'
  assert.deepEqual(shown('OTP-1'), [])
  assert.deepEqual(shown(`\`${own}\` “each line of the security checklist”`), [])
  assert.deepEqual(shown('NONE-1'), ['1: no test shows NONE-1'])
  assert.deepEqual(shown(`\`${own}\` “${['no', 'such', 'name'].join(' ')}”`), [`1: ${own} has no test “no such name”`])
  assert.deepEqual(shown(`\`${own}\``), [`1: ${own} needs the name of a test`])
  assert.deepEqual(shown('`test/none.test.ts` “each line”'), ['1: test/none.test.ts has no test “each line”'])
  assert.deepEqual(shown('It is so.'), ['1: names no test'])
  assert.deepEqual(problemsOf(['1', 'It holds.', 'true', 'OTP-1']), ['1: has no state'])
  assert.deepEqual(problemsOf(['1', 'It holds.', 'open', '']), ['1: gives no reason'])
})

function problemsOf([number = '', , state = '', evidence = '']: string[]): string[] {
  const ids = evidence.match(/\b[A-Z]{2,}-\d+\b(?<!\b(?:SHA|CVE)-\d+)/g) ?? []
  const named = [...evidence.matchAll(/`(test\/[^`]+)`(?: “([^”]+)”)?/g)].map(([, file = '', name]) => ({ file, name }))
  const hasSection = /\]\(security\.md#/.test(evidence)
  return [
    ...(STATES.includes(state) ? [] : ['has no state']),
    ...(evidence === '' ? ['gives no reason'] : []),
    ...(state === 'shown' && evidence !== '' && ids.length + named.length === 0 && !hasSection
      ? ['names no test']
      : []),
    ...ids.filter((id) => !SHOWN.has(id)).map((id) => `no test shows ${id}`),
    ...named.filter(({ name }) => name === undefined).map(({ file }) => `${file} needs the name of a test`),
    ...named
      .filter(({ file, name }) => name !== undefined && !namesIn(file).some((found) => found.includes(name)))
      .map(({ file, name }) => `${file} has no test “${name}”`),
  ].map((problem) => `${number}: ${problem}`)
}

/** The names of the tests in a file. Some names are the first argument of another function, or in a template. */
function namesIn(file: string): string[] {
  const calls = existsSync(join(projectRoot(), file))
    ? read(file).matchAll(/\b\w+\(\s*(['"`])((?:\\.|(?!\1)[^\\])+)\1,/g)
    : []
  return [...calls].map(([, , name = '']) => name)
}

function read(file: string): string {
  return readFileSync(join(projectRoot(), file), 'utf8')
}
