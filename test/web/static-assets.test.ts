import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import { loadAssets } from '../../src/web/static-assets.ts'

test('a script imports another script by its URL with the content hash', () => {
  const { urls, files } = loadAssets(join(projectRoot(), 'views', 'assets'))
  const imported = [...files.values()].flatMap(({ content, type }) =>
    type.startsWith('text/javascript') ? [...content.toString().matchAll(/^import .* from '([^']+)'/gm)] : [],
  )
  assert.ok(imported.length > 0)
  for (const [, address = ''] of imported) assert.ok(files.has(address), address)
  assert.match(String(urls['page-stream.js']), /^\/assets\/page-stream\.[0-9a-f]{12}\.js$/)
})
