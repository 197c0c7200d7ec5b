import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { projectRoot } from '../../src/config/project-root.ts'

test('the gate counts tests but not suites, and fails for a skipped, todo, broken or noisy test and for a file without tests', async () => {
  const file = '/project/test/some.test.ts'
  assert.deepEqual(
    await report([
      { type: 'test:pass', data: { name: 'a claim', details: {} } },
      { type: 'test:pass', data: { name: 'a suite', details: { type: 'suite' } } },
      { type: 'test:pass', data: { name: 'not now', details: {}, skip: true } },
      { type: 'test:pass', data: { name: 'not today', details: {}, skip: 'for a reason' } },
      { type: 'test:pass', data: { name: 'a whole suite', details: { type: 'suite' }, skip: true } },
      { type: 'test:pass', data: { name: 'later', details: {}, todo: true } },
      { type: 'test:pass', data: { name: file, details: {} } },
      { type: 'test:fail', data: { name: file, details: {} } },
      { type: 'test:fail', data: { name: 'wrong', details: {} } },
      { type: 'test:fail', data: { name: 'a suite with a wrong one', details: { type: 'suite' } } },
      { type: 'test:stderr', data: { file, message: 'careful!\n' } },
      { type: 'test:stdout', data: { file, message: 'hello\n' } },
      { type: 'test:start', data: { name: 'a claim' } },
    ]),
    [
      'passed a claim',
      'skipped not now',
      'skipped not today',
      'skipped a whole suite',
      'todo later',
      `empty-file ${file}`,
      `broken-file ${file}`,
      'failed wrong',
      'failed a suite with a wrong one',
      'noise careful!\n',
    ],
  )
})

async function report(events: object[]): Promise<string[]> {
  const reporter = await import(pathToFileURL(join(projectRoot(), 'test', 'support', 'gate-reporter.mjs')).href)
  const lines: string[] = []
  for await (const line of reporter.default(events)) {
    const { kind, name, text } = JSON.parse(line)
    lines.push(`${kind} ${name ?? text}`)
  }
  return lines
}
