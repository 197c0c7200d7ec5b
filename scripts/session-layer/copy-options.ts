import { parseArgs } from 'node:util'
import { StartError } from '../../src/config/start-error.ts'
import { nearestName } from '../../src/session/known-options.ts'
import type { LayerFiles } from './layer-files.ts'

/** What a copy contains. */
export interface CopyOptions {
  frameworks: readonly string[]
  stores: readonly string[]
  /** The ending of relative imports: `./session.ts`, `./session.js`, or `./session`. */
  imports: ImportForm
  /** Whether the copy contains the tests for stores and adapters of your own. */
  testing: boolean
}

export type ImportForm = (typeof IMPORT_FORMS)[number]

const IMPORT_FORMS = ['ts', 'js', 'none'] as const
const FRAMEWORKS = ['koa', 'node-http', 'fetch']

interface CommandLine {
  folder: string
  /** The options that the command line names. */
  options: Partial<CopyOptions>
  from: string | undefined
  conflicts: boolean
}

/** @throws StartError for an unknown or missing argument. `usage` is a part of the message. */
export function readCommandLine(args: readonly string[], layer: LayerFiles, usage: string): CommandLine {
  const { tokens } = parseArgs({ args: [...args], strict: false, tokens: true, options: FLAGS })
  const known = Object.keys(FLAGS).filter((name) => usage.includes(`--${name}`))
  const values = new Map<string, string>()
  const folders: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') folders.push(token.value)
    if (token.kind === 'option') {
      checkName('option', token.name, known, '--')
      const takesText = FLAGS[token.name as keyof typeof FLAGS].type === 'string'
      if (takesText !== (token.value !== undefined)) throw new StartError(usage)
      values.set(token.name, token.value ?? 'true')
    }
  }
  const [folder] = folders
  if (folder === undefined || folders.length > 1) throw new StartError(usage)
  return {
    folder,
    options: readOptions(values, layer),
    from: values.get('from'),
    conflicts: values.has('conflicts'),
  }
}

const FLAGS = {
  framework: { type: 'string' },
  stores: { type: 'string' },
  imports: { type: 'string' },
  testing: { type: 'boolean' },
  from: { type: 'string' },
  conflicts: { type: 'boolean' },
} as const

function readOptions(values: ReadonlyMap<string, string>, layer: LayerFiles): Partial<CopyOptions> {
  const frameworks = values
    .get('framework')
    ?.split(',')
    .map((name) => checkFramework(name, layer))
  const stores = values
    .get('stores')
    ?.split(',')
    .map((name) => checkName('store', name, storesOf(layer)))
  const imports = values.get('imports')
  return {
    ...(frameworks !== undefined && { frameworks }),
    ...(stores !== undefined && { stores }),
    ...(imports !== undefined && { imports: checkName('form of imports', imports, IMPORT_FORMS) as ImportForm }),
    ...(values.has('testing') && { testing: true }),
  }
}

export function frameworksOf(layer: LayerFiles): string[] {
  return FRAMEWORKS.filter((name) => layer.has(`${name}/index.ts`))
}

export function storesOf(layer: LayerFiles): string[] {
  return [...layer.keys()].flatMap((path) => /^stores\/(\w+)\/index\.ts$/.exec(path)?.[1] ?? [])
}

function checkFramework(name: string, layer: LayerFiles): string {
  const folder = frameworksOf(layer).find((one) => layer.has(`${one}/${name}.ts`))
  if (folder !== undefined) throw new StartError(`The folder ${folder} contains ${name}. Use: --framework ${folder}`)
  return checkName('framework', name, frameworksOf(layer))
}

function checkName(kind: string, name: string, known: readonly string[], prefix = ''): string {
  if (known.includes(name)) return name
  const nearest = nearestName(name, known)
  const all = known.map((one) => prefix + one).join(', ')
  const advice = nearest === undefined ? `Known: ${all}.` : `Did you mean ${prefix}${nearest}?`
  throw new StartError(`Unknown ${kind}: ${prefix}${name}. ${advice}`)
}
