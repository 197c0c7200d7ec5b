import { posix } from 'node:path'
import type { CopyOptions, ImportForm } from './copy-options.ts'
import type { LayerFiles } from './layer-files.ts'
import { selectFiles } from './selection.ts'

const RELATIVE_IMPORT = /(\b(?:from|import)\s*\(?\s*['"]\.{1,2}\/[^'"\n]*)\.ts(?=['"])/g
const ENDINGS: Record<ImportForm, string> = { ts: '.ts', js: '.js', none: '' }

/** The files of a copy: the selected files with the chosen form of imports, and without links to missing files. */
export function copiedFiles(layer: LayerFiles, options: CopyOptions): LayerFiles {
  const selected = selectFiles(layer, options)
  const has = new Set(selected)
  return new Map(
    selected.map((path) => {
      const text = withEnding(layer.get(path) ?? '', options.imports)
      return [path, path.endsWith('.md') ? withoutMissingLinks(path, text, layer, has) : text]
    }),
  )
}

/** What a folder that was copied by hand contained at first: it may have more files than a copy of the command. */
export function handCopiedFiles(layer: LayerFiles, own: LayerFiles, options: CopyOptions): LayerFiles {
  const selected = new Set(selectFiles(layer, options))
  const files = [...layer].filter(([path]) => own.has(path) || selected.has(path))
  return new Map(files.map(([path, text]) => [path, withEnding(text, options.imports)]))
}

export function withEnding(text: string, form: ImportForm): string {
  return text.replace(RELATIVE_IMPORT, `$1${ENDINGS[form]}`)
}

/** Replaces each link to a file that the copy lacks with its text. Removes a list item that is only such a link. */
function withoutMissingLinks(page: string, text: string, layer: LayerFiles, has: ReadonlySet<string>): string {
  const isMissing = (target: string) => {
    const path = posix.join(posix.dirname(page), target.split('#')[0] ?? '')
    return layer.has(path) && !has.has(path)
  }
  return text
    .replace(/^- \[[^\]\n]+\]\(([^)\s]+)\)\n/gm, (item, target: string) => (isMissing(target) ? '' : item))
    .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, (link, label: string, target: string) => (isMissing(target) ? label : link))
}
