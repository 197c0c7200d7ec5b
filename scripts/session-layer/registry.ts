import { frameworksOf, storesOf } from './copy-options.ts'
import { LAYER, type LayerFiles } from './layer-files.ts'
import { withImports } from './selection.ts'

export const REGISTRY = 'scripts/session-layer/registry.json'

/**
 * The registry for the command line of shadcn. An application adds one item for its framework and one item for its store.
 * Each item contains all files that it needs, because an item cannot name another item of its own registry.
 */
export function registryText(layer: LayerFiles): string {
  const paths = [...layer.keys()]
  const pages = paths.filter((path) => !path.endsWith('.ts'))
  const codeBelow = (folder: string) => paths.filter((path) => path.startsWith(folder) && path.endsWith('.ts'))
  const items = [
    ...frameworksOf(layer).map((name) =>
      item(name, `Sessions for ${name}`, [...withImports(layer, ['index.ts', ...codeBelow(`${name}/`)]), ...pages]),
    ),
    ...storesOf(layer).map((name) =>
      item(name, `The ${name} store for sessions`, withImports(layer, [`stores/${name}/index.ts`])),
    ),
    item(
      'testing',
      'Tests for stores and adapters of your own',
      withImports(layer, ['stores/kit.ts', ...codeBelow('testing/')]),
    ),
  ]
  const registry = {
    $schema: 'https://ui.shadcn.com/schema/registry.json',
    name: 'session',
    homepage: `${LAYER}/README.md`,
    items,
  }
  return `${JSON.stringify(registry, null, 2)}\n`
}

function item(name: string, title: string, files: readonly string[]) {
  return {
    name,
    type: 'registry:item',
    title,
    files: [...files].sort().map((path) => ({
      path: `${LAYER}/${path}`,
      type: 'registry:file',
      target: `~/${LAYER}/${path}`,
    })),
  }
}
