import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '../../src/config/start-error.ts'
import { type CopyOptions, frameworksOf, type ImportForm, storesOf } from './copy-options.ts'
import { type LayerFiles, readLayer } from './layer-files.ts'

export const RECORD = '.copied-from'

/** The file `.copied-from` of a copy. */
export interface CopyRecord {
  version: string
  /** Absent if no commit contains the copied files. */
  commit?: string | undefined
  /** The content hash of the layer from which the files were copied. */
  hash: string
  options: CopyOptions
}

export function recordText(record: CopyRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`
}

/** `undefined` for a folder that was copied by hand. */
export function readRecord(folder: string): CopyRecord | undefined {
  const file = join(folder, RECORD)
  if (!existsSync(file)) return undefined
  try {
    const record = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof record.hash === 'string' && Array.isArray(record.options?.frameworks)) return record
  } catch {}
  throw new StartError(`${file} cannot be read. Restore the file, or delete it to let the command compare the folder.`)
}

/** The options with which the command would have made a folder that was copied by hand. */
export function inferOptions(folder: string): CopyOptions {
  const files = readLayer(folder)
  const frameworks = frameworksOf(files)
  if (!files.has('index.ts') || frameworks.length === 0)
    throw new StartError(`${folder} is no copy of the session layer. Use session:copy to make one.`)
  const testing = [...files.keys()].some((path) => path.startsWith('testing/') || path === 'stores/kit.ts')
  return { frameworks, stores: storesOf(files), imports: importForm(files), testing }
}

function importForm(files: LayerFiles): ImportForm {
  const [, ending] = /\bfrom ['"]\.\/core\/[\w-]+(\.ts|\.js)?['"]/.exec(files.get('index.ts') ?? '') ?? []
  return ending === '.ts' ? 'ts' : ending === '.js' ? 'js' : 'none'
}
