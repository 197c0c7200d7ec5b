import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { projectRoot } from '../../src/config/project-root.ts'
import { StartError } from '../../src/config/start-error.ts'

/** The text of each file, with LF line endings. The key is the path relative to the layer's folder, with slashes. */
export type LayerFiles = ReadonlyMap<string, string>

export const LAYER = 'src/session'
const BELONGS_TO_LAYER = /\.(ts|md)$|^(LICENSE|VERSION)$/
const NEVER_READ = /(^|\/)(node_modules|\.[^/]*)(\/|$)/

/** @throws StartError for a file, and for the original or a folder inside it, also by a symbolic link. */
export function refuseNoCopy(folder: string): void {
  let existing = folder
  while (!existsSync(existing)) existing = dirname(existing)
  const path = relative(realpathSync(join(projectRoot(), LAYER)), realpathSync(existing))
  if (!isAbsolute(path) && path.split(sep)[0] !== '..')
    throw new StartError(`${folder} is inside the original. Name a folder of your application.`)
  if (!statSync(existing).isDirectory())
    throw new StartError(`${existing} is a file. Name a folder of your application.`)
}

export function readLayer(folder: string): LayerFiles {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => BELONGS_TO_LAYER.test(path) && !NEVER_READ.test(path))
    .sort()
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8').replaceAll('\r\n', '\n')]))
}

export function writeLayer(folder: string, files: LayerFiles, lineEnding = '\n'): void {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), lineEnding === '\n' ? text : text.replaceAll('\n', lineEnding))
  }
}

/** The line ending of a copy, because git may check out a copy on Windows with CRLF. */
export function lineEndingOf(folder: string): string {
  const index = join(folder, 'index.ts')
  return existsSync(index) && readFileSync(index, 'utf8').includes('\r\n') ? '\r\n' : '\n'
}

/** The version of the layer. Before 0.6.0, only the changelog contained the version. */
export function versionOf(files: LayerFiles): string {
  return files.get('VERSION')?.trim() ?? /^## (\S+)/m.exec(files.get('CHANGELOG.md') ?? '')?.[1] ?? 'unknown'
}

/** The ID that git gives to each file. */
export function blobIds(files: LayerFiles): ReadonlyMap<string, string> {
  return new Map(
    [...files].map(([path, text]) => {
      const content = Buffer.from(text)
      return [path, createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')]
    }),
  )
}

/** The content hash of a layer. Equal for a folder and for a commit with the same files. */
export function contentHash(blobs: ReadonlyMap<string, string>): string {
  const lines = [...blobs].map(([path, blob]) => `${blob} ${path}\n`).sort()
  return `sha256-${createHash('sha256').update(lines.join('')).digest('base64url')}`
}

export function belongsToLayer(path: string): boolean {
  return BELONGS_TO_LAYER.test(path)
}
