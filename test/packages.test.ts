import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../src/config/project-root.ts'

const MOST_PRODUCTION_PACKAGES = 165

interface Entry {
  integrity?: string
  dev?: boolean
  optional?: boolean
  devOptional?: boolean
}

const LOCK_FILES = globSync(['package-lock.json', 'scripts/node/package-lock.json', 'examples/*/package-lock.json'], {
  cwd: projectRoot(),
})

for (const file of LOCK_FILES) {
  test(`every entry of ${file} has an integrity hash, so that no package can be replaced`, () => {
    const entries = packagesOf(file)
    assert.ok(entries.length > 0 || file.startsWith('examples/node-http/'))
    assert.deepEqual(
      entries.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? '')).map(([name]) => name),
      [],
    )
  })
}

test('production installs 165 packages at most', () => {
  // Most optional packages are for other platforms and are not installed.
  const isForProduction = ({ dev, devOptional, optional }: Entry) => !dev && !devOptional && !optional
  const production = packagesOf('package-lock.json').filter(([, entry]) => isForProduction(entry))
  assert.ok(production.length <= MOST_PRODUCTION_PACKAGES, `${production.length} packages`)
})

test('docs/dependencies.md lists every direct dependency with a reason', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'))
  const rows = read('docs/dependencies.md')
    .split('\n')
    .filter((line) => line.startsWith('| '))
  const listed = rows.flatMap((row) => row.split(' | ')[0]?.slice(2).split(', ') ?? [])
  const missing = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !listed.includes(name))
  assert.deepEqual(missing, [])
})

function packagesOf(file: string) {
  const { packages }: { packages: Record<string, Entry> } = JSON.parse(read(file))
  return Object.entries(packages).filter(([name]) => name !== '')
}

function read(file: string): string {
  return readFileSync(join(projectRoot(), file), 'utf8')
}
