import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'

/** `path` is relative to the project's root. */
export interface Source {
  path: string
  text: string
}

// Each entry of this list is a room. A file of a room may import only from its own room and from rooms below it.
const ROOMS = [
  'src/main.ts',
  'src/process',
  'src/commands',
  'src/app',
  'src/api',
  'src/parts',
  'src/lab',
  'src/operations',
  'src/accounts',
  'src/admin',
  'src/crm',
  'src/metrics',
  'src/inspector',
  'src/tour',
  'src/platform',
  'src/audit',
  'src/crm-session',
  'src/charts',
  'src/mail',
  'src/public-demo',
  'src/web',
  'src/session',
  'db/demo',
  'db/dialects',
  'db',
  'db/migrations',
  'src/config',
]

// The rooms inside of a room, from the top.
const INNER_ROOMS: Readonly<Record<string, readonly string[]>> = {
  'src/accounts': ['administration', 'password-reset', 'own-account', 'sign-in', 'sign-up', 'mail', 'people'],
  'src/crm': ['customer-page', 'welcome', 'list', 'customers'],
}

// Files of other rooms import these rooms only through their index file.
const BEHIND_AN_INDEX = /^src\/(accounts|admin|api|audit|crm|inspector|lab|mail|metrics|operations|platform|tour)$/
const ENTRIES_OF_SESSION =
  /^src\/session\/(index|(http|node-http|koa|fetch)\/index|stores\/kit|stores\/(?!shared)\w+\/index|testing\/[\w-]+)\.ts$/
const DRIVERS = ['better-sqlite3', 'pg', 'ioredis', 'redis', 'nodemailer']
// Only this file may begin transactions, because it makes transactions on the same data run one after the other.
const BEGINS_TRANSACTIONS = 'db/transactions.ts'
const EMPTY_WORDS = /(?:^|-)(utils?|helpers?|misc|managers?|services?|common)(?:-|\.|$)/

/** Maximum lines of code: above `warn` a file is only reported, and above `fail` the file breaks a rule. */
export const LINES = { warn: 300, fail: 450 }

export function readSources(root: string, folders: readonly string[]): Source[] {
  return folders
    .flatMap((folder) => filesIn(join(root, folder)))
    .flatMap((file) => {
      if (!/\.(ts|mjs)$/.test(file)) return []
      return { path: relative(root, file).split(sep).join('/'), text: readFileSync(file, 'utf8') }
    })
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : filesIn(path)
    return entry.isFile() ? [path] : []
  })
}

export function violations(sources: readonly Source[]): string[] {
  const imports = new Map(sources.map(({ path, text }) => [path, importsOf(path, text)]))
  return [
    ...sources.flatMap(aboutTheFile),
    ...[...imports].flatMap(([path, targets]) => targets.flatMap((target) => aboutTheImport(path, target) ?? [])),
    ...aboutTheIndex(imports),
    ...cycles(imports),
  ]
}

function aboutTheFile({ path, text }: Source): string[] {
  const lines = codeLines(text)
  const word = EMPTY_WORDS.exec(posix.basename(path))?.[1]
  return [
    ...(lines > LINES.fail ? [`${path} has ${lines} lines of code; ${LINES.fail} is the limit`] : []),
    ...(word ? [`${path}: a name with "${word}" says nothing about what is inside`] : []),
    ...(/\.transaction\(\)/.test(text) && path !== BEGINS_TRANSACTIONS
      ? [`${path} must not begin a transaction: inTurn() of ${BEGINS_TRANSACTIONS} is safe on PostgreSQL too`]
      : []),
    ...(ROOMS.includes(roomOf(path)) ? [] : [`${path} is in no room of test/support/layout.ts`]),
  ]
}

function aboutTheImport(path: string, target: string): string | undefined {
  const [room, other] = [roomOf(path), roomOf(target)]
  const refuse = (reason: string) => `${path} must not import ${target}: ${reason}`
  if (room === 'src/session') return aboutTheLayer(path, target, refuse)
  if (!isSource(target))
    return DRIVERS.includes(target) && room !== 'src/parts' ? refuse('only src/parts names a driver') : undefined
  if (room === other) return aboutInnerRooms(room, path, target, refuse)
  if (room.startsWith('db') && other.startsWith('src/') && target !== 'src/config/start-error.ts')
    return refuse('db imports nothing of src but src/config/start-error.ts')
  if (ROOMS.indexOf(other) < ROOMS.indexOf(room)) return refuse(`${other} stands above ${room}`)
  if (BEHIND_AN_INDEX.test(other) && target !== `${other}/index.ts`) return refuse(`enter ${other} by its index`)
  if (other === 'src/session' && !ENTRIES_OF_SESSION.test(target)) return refuse(`it is no entry of ${other}`)
  return undefined
}

function aboutInnerRooms(
  room: string,
  path: string,
  target: string,
  refuse: (reason: string) => string,
): string | undefined {
  const inner = INNER_ROOMS[room] ?? []
  const [from, to] = [inner.indexOf(path.split('/')[2] ?? ''), inner.indexOf(target.split('/')[2] ?? '')]
  return to !== -1 && to < from ? refuse(`${room}/${inner[to]} stands above ${room}/${inner[from]}`) : undefined
}

function aboutTheLayer(path: string, target: string, refuse: (reason: string) => string): string | undefined {
  if (!target.startsWith('src/session/') && !target.startsWith('node:'))
    return refuse('src/session may import only itself and node:')
  if (path.startsWith('src/session/testing/') && target === 'src/session/stores/memory/index.ts') return undefined
  const [store, otherStore] = [storeOf(path), storeOf(target)]
  if (otherStore !== undefined && otherStore !== 'shared' && store !== otherStore)
    return refuse('no store and nothing else of the layer needs another store')
  return undefined
}

function storeOf(path: string): string | undefined {
  return /^src\/session\/stores\/(\w+)\//.exec(path)?.[1]
}

/** The index of the session layer must not import a store or a framework, even indirectly. */
function aboutTheIndex(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const reached = new Set(['src/session/index.ts'])
  for (const path of reached) for (const target of imports.get(path) ?? []) reached.add(target)
  const foreign = [...reached].filter((path) => /^src\/session\/(stores|http|node-http|koa|fetch)\//.test(path))
  return foreign.map((path) => `src/session/index.ts must not reach ${path}`)
}

/** Describes each export of src and db that no other file imports. */
export function unusedExports(sources: readonly Source[]): string[] {
  const used = new Set(sources.flatMap(({ path, text }) => importedNames(path, text)))
  return sources.flatMap(({ path, text }) => {
    if (!isSource(path) || used.has(`${path} *`)) return []
    const names = withoutComments(text).matchAll(
      /^export (?:async )?(?:function\*?|class|const|interface|type) (\w+)/gm,
    )
    return [...names]
      .filter(([, name]) => !used.has(`${path} ${name}`))
      .map(([, name]) => `${path} exports ${name}, which no other file imports`)
  })
}

/** `FILE NAME` for each imported name, `FILE *` for the import of a whole file. */
function importedNames(path: string, text: string): string[] {
  const code = withoutComments(text)
  const named = code.matchAll(/\b(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s*['"](\.[^'"]+)['"]/g)
  const whole = code.matchAll(/\*(?:\s+as\s+\w+)?\s+from\s*['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]/g)
  const target = (specifier = '') => posix.join(posix.dirname(path), specifier)
  return [
    ...[...named].flatMap(([, names = '', specifier]) =>
      names.split(',').map((name) => `${target(specifier)} ${name.trim().replace(/^type\s+|\s+as\s.*$/g, '')}`),
    ),
    ...[...whole].map(([, star, dynamic]) => `${target(star ?? dynamic)} *`),
  ]
}

/** Describes each cycle of imports once. */
function cycles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) {
      found.push(`a cycle of imports: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`)
      return
    }
    if (done.has(path)) return
    for (const target of imports.get(path) ?? []) if (isSource(target)) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of imports.keys()) visit(path, [])
  return found
}

export function codeLines(text: string): number {
  const code = withoutComments(text)
  return code.split('\n').filter((line) => line.trim() !== '').length
}

function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '')
}

/** The imports of a file, including types and re-exports: paths from the root for files, and names for packages. */
function importsOf(path: string, text: string): string[] {
  const statements = withoutComments(text).matchAll(
    /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  )
  return [...statements].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '').map(resolve)

  function resolve(specifier: string): string {
    return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier
  }
}

function isSource(target: string): boolean {
  return /^(src|db)\//.test(target)
}

/** The room of a file: a folder below src/ or db/, or the file itself if it is directly in src/. */
function roomOf(path: string): string {
  const [top = '', next = '', ...more] = path.split('/')
  return top === 'db' && more.length === 0 ? 'db' : `${top}/${next}`
}
