import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../../src/config/project-root.ts'
import { mutants } from './mutants.ts'

test('there are at least 60 mutants of the embedded store, and each mutant changes exactly one place in the source', () => {
  assert.ok(mutants.length >= 60)
  const places = mutants.map(({ file, flaw, from, to }) => {
    const text = readFileSync(join(projectRoot(), 'src', 'session', 'stores', file), 'utf8')
    return { flaw, places: from === to ? 0 : text.split(from).length - 1 }
  })
  assert.deepEqual(
    places.filter(({ places }) => places !== 1),
    [],
  )
})
