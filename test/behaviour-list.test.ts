import assert from 'node:assert/strict'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../src/config/project-root.ts'

const LIST = readFileSync(join(projectRoot(), 'docs', 'behaviour.md'), 'utf8')

test('every promise is listed once, with a sentence and a state', () => {
  const promises = readPromises(LIST)
  const rows = LIST.split('\n').filter((line) => /^\|\s*[A-Z]+-\d/.test(line))
  assert.ok(promises.length > 100, `only ${promises.length} promises were found`)
  assert.equal(promises.length, rows.length, 'a row is not of the form "| ID-1 | sentence | shown or planned |"')
  assert.equal(new Set(promises.map(({ id }) => id)).size, promises.length, 'an id is listed twice')
})

test('a promise is listed as shown if and only if a test name contains its id', () => {
  assert.deepEqual(differences(readPromises(LIST), idsOfTests()), [])
})

test('a missing test, an unlisted id and an outdated state are each reported', () => {
  const promises = readPromises('| A-1 | One. | shown |\n| A-2 | Two. | planned |\n')
  assert.deepEqual(differences(promises, new Set(['A-1'])), [])
  assert.deepEqual(differences(promises, new Set()), ['A-1 is listed as shown, and no test carries [A-1]'])
  assert.deepEqual(differences(promises, new Set(['A-1', 'A-2'])), ['A-2 has a test: mark it as shown'])
  assert.deepEqual(differences(promises, new Set(['A-1', 'A-3'])), ['A-3 is named by a test and not listed'])
})

interface Behaviour {
  id: string
  shown: boolean
}

function readPromises(markdown: string): Behaviour[] {
  return [...markdown.matchAll(/^\| ([A-Z]+-\d+) \| .*\S \| (shown|planned) \|$/gm)].map(([, id = '', state]) => ({
    id,
    shown: state === 'shown',
  }))
}

function differences(promises: readonly Behaviour[], tested: ReadonlySet<string>): string[] {
  const listed = new Set(promises.map(({ id }) => id))
  return [
    ...promises
      .filter(({ id, shown }) => shown && !tested.has(id))
      .map(({ id }) => `${id} is listed as shown, and no test carries [${id}]`),
    ...promises
      .filter(({ id, shown }) => !shown && tested.has(id))
      .map(({ id }) => `${id} has a test: mark it as shown`),
    ...[...tested].filter((id) => !listed.has(id)).map((id) => `${id} is named by a test and not listed`),
  ]
}

function idsOfTests(): Set<string> {
  const names = testSources().flatMap(
    (file) => readFileSync(file, 'utf8').match(/['"`](?:\[[A-Z]+-\d+\][ ,]*)+/g) ?? [],
  )
  return new Set(names.flatMap((name) => name.match(/[A-Z]+-\d+/g) ?? []))
}

function testSources(): string[] {
  return [
    ...filesBelow('test').filter((file) => /\.(test|spec)\.ts$/.test(file)),
    ...filesBelow(join('src', 'session', 'testing')).filter((file) => file.endsWith('.ts')),
    ...globSync('examples/{,*/}*.ts', { cwd: projectRoot() }).map((file) => join(projectRoot(), file)),
  ]
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(projectRoot(), folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
