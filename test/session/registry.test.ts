import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { copiedFiles } from '../../scripts/session-layer/copied-files.ts'
import { frameworksOf, storesOf } from '../../scripts/session-layer/copy-options.ts'
import { LAYER as FOLDER, readLayer } from '../../scripts/session-layer/layer-files.ts'
import { REGISTRY, registryText } from '../../scripts/session-layer/registry.ts'
import { projectRoot } from '../../src/config/project-root.ts'

const LAYER = readLayer(join(projectRoot(), FOLDER))

test('[COPY-12] the registry for shadcn lists the files of each framework and store', () => {
  const text = readFileSync(join(projectRoot(), REGISTRY), 'utf8')
  assert.ok(text === registryText(LAYER), 'The registry is out of date. Run: npm run session:registry')
  const { items } = JSON.parse(text)
  const pathsOf = (name: string): string[] =>
    items.find((item: { name: string }) => item.name === name).files.map(({ path }: { path: string }) => path)
  for (const framework of frameworksOf(LAYER))
    for (const store of storesOf(LAYER)) {
      const added = new Set([...pathsOf(framework), ...pathsOf(store)])
      const copied = copiedFiles(LAYER, { frameworks: [framework], stores: [store], imports: 'ts', testing: false })
      assert.deepEqual(
        [...copied.keys()].filter((path) => !added.has(`src/session/${path}`)),
        [],
      )
    }
  for (const { files } of items)
    for (const { path, target } of files) {
      assert.ok(existsSync(join(projectRoot(), path)), path)
      assert.equal(target, `~/${path}`)
    }
})
