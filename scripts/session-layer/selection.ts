import { posix } from 'node:path'
import { type CopyOptions, frameworksOf } from './copy-options.ts'
import type { LayerFiles } from './layer-files.ts'

const ALWAYS = ['CHANGELOG.md', 'LICENSE', 'README.md', 'VERSION']
const IMPORT = /^\s*(?:import|export|\})[^'"\n]*\bfrom '([^']+)'|^\s*import '([^']+)'|\bimport\('([^']+)'\)/gm
/** The framework or the store of a page, unless the page has the name of a framework or of a file in its folder. */
const SUBJECTS: Record<string, string> = {
  nextjs: 'fetch',
  postgresql: 'postgres',
  redis: 'redis',
  'sveltekit-and-react-router': 'fetch',
  websockets: 'node-http',
}

/** The files that a copy needs, sorted. */
export function selectFiles(layer: LayerFiles, options: CopyOptions): string[] {
  const paths = [...layer.keys()]
  const code = withImports(
    layer,
    paths.filter((path) => isEntry(path, options)),
  )
  const pages = paths.filter((path) => path.startsWith('docs/') && pageApplies(path, layer, options))
  return [...code, ...ALWAYS.filter((path) => layer.has(path)), ...pages].sort()
}

/** These files and all files that they import, directly or indirectly. */
export function withImports(layer: LayerFiles, entries: readonly string[]): string[] {
  const reached = new Set(entries)
  for (const path of reached)
    for (const [, from, bare, dynamic] of (layer.get(path) ?? '').matchAll(IMPORT)) {
      const target = posix.join(posix.dirname(path), from ?? bare ?? dynamic ?? '')
      if (layer.has(target)) reached.add(target)
    }
  return [...reached]
}

function isEntry(path: string, { frameworks, stores, testing }: CopyOptions): boolean {
  if (!path.endsWith('.ts')) return false
  return (
    path === 'index.ts' ||
    frameworks.some((framework) => path.startsWith(`${framework}/`)) ||
    stores.some((store) => path === `stores/${store}/index.ts`) ||
    (testing && (path === 'stores/kit.ts' || path.startsWith('testing/')))
  )
}

/** A page applies unless it is about a store or framework that the copy lacks. */
function pageApplies(page: string, layer: LayerFiles, { frameworks, stores }: CopyOptions): boolean {
  const name = posix.basename(page, '.md')
  const named = frameworksOf(layer).find((one) => one === name || layer.has(`${one}/${name}.ts`))
  const subject = SUBJECTS[name] ?? named
  return subject === undefined || frameworks.includes(subject) || stores.includes(subject)
}
