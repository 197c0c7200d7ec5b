import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'

/** A source file; `path` is relative to the project's root, with slashes. */
export interface Source {
  path: string
  text: string
}

// What everybody but the session layer may use: settings, shared types, the vocabulary of the application.
const GROUND = [
  'src/config.ts',
  'src/config-values.ts',
  'src/crm-storage.ts',
  'src/database.ts',
  'src/privileges.ts',
  'src/database-file.ts',
  'src/database-trouble.ts',
  'src/every-hour.ts',
  'src/explain-postgres.ts',
  'src/in-turn.ts',
  'src/project-root.ts',
  'src/start-error.ts',
]

// Who may import whom, beside himself and the ground. A folder stands for all that is in it.
const MAP: Record<string, readonly string[]> = {
  'src/session': [],
  'src/web': [],
  'src/crm-session.ts': ['src/session'],
  'src/crm': ['src/session', 'src/web', 'src/crm-session.ts'],
  'src/mail': ['src/web'],
  'src/audit': ['src/session', 'src/web'],
  'src/metrics': ['src/session', 'src/web'],
  'src/readiness-checks.ts': ['src/session', 'src/web', 'db'],
  'src/session-events.ts': ['src/web'],
  'src/accounts': ['src/session', 'src/web', 'src/crm-session.ts', 'src/crm', 'src/mail', 'src/audit'],
  'src/operations': ['src/session', 'src/web', 'src/crm-session.ts', 'src/crm'],
  'src/platform': ['src/web'],
  'src/admin': ['src/session', 'src/web', 'src/crm-session.ts', 'src/audit'],
  'src/api': ['src/session', 'src/web', 'src/crm-session.ts', 'src/crm', 'src/accounts', 'src/operations'],
  'src/page-frame.ts': ['src/web'],
  'src/session-problems.ts': ['src/session', 'src/web'],
  'src/route-pattern.ts': [],
  'src/routes.ts': [
    'src/crm-session.ts',
    'src/session',
    'src/web',
    'src/accounts',
    'src/crm',
    'src/mail',
    'src/operations',
    'src/admin',
    'src/session-events.ts',
    'src/parts.ts',
  ],
  'src/app.ts': [
    'src/session',
    'src/web',
    'src/accounts',
    'src/api',
    'src/audit',
    'src/metrics',
    'src/page-frame.ts',
    'src/session-problems.ts',
    'src/route-pattern.ts',
    'src/routes.ts',
    'src/parts.ts',
  ],
  'src/parts.ts': [
    'src/session',
    'src/web',
    'src/accounts',
    'src/crm',
    'src/mail',
    'src/operations',
    'src/audit',
    'src/admin',
    'src/metrics',
    'src/readiness-checks.ts',
    'src/connections.ts',
    'src/shared-limiters.ts',
    'src/open-database.ts',
    'src/open-session-store.ts',
    'src/primary-link.ts',
  ],
  'src/open-database.ts': ['src/accounts', 'src/connections.ts', 'db'],
  'src/connections.ts': [],
  'src/open-session-store.ts': ['src/session', 'src/connections.ts'],
  'src/shared-limiters.ts': ['src/accounts', 'src/connections.ts'],
  'src/listen.ts': [],
  'src/drain.ts': [],
  'src/stop-signals.ts': [],
  'src/announcement.ts': ['src/accounts'],
  'src/start-platform.ts': ['src/platform', 'src/web', 'src/parts.ts', 'src/listen.ts', 'src/drain.ts'],
  'src/server.ts': [
    'src/primary-link.ts',
    'src/session',
    'src/app.ts',
    'src/parts.ts',
    'src/listen.ts',
    'src/drain.ts',
    'src/start-platform.ts',
  ],
  'src/primary-link.ts': ['src/metrics'],
  'src/fleet': [
    'src/primary-link.ts',
    'src/metrics',
    'src/server.ts',
    'src/parts.ts',
    'src/listen.ts',
    'src/start-platform.ts',
  ],
  'src/main.ts': [
    'src/accounts',
    'src/fleet',
    'src/primary-link.ts',
    'src/server.ts',
    'src/announcement.ts',
    'src/stop-signals.ts',
  ],
  db: ['src/accounts', 'src/crm', 'src/session', 'src/parts.ts', 'src/connections.ts', 'src/open-session-store.ts'],
}

// How these guests enter a folder: by its doors only.
const DOORS: readonly { folder: string; doors: readonly string[]; guests: RegExp }[] = [
  { folder: 'src/session', doors: ['src/session/index.ts', 'src/session/koa.ts'], guests: /^/ },
  { folder: 'src/mail', doors: ['src/mail/index.ts'], guests: /^/ },
  { folder: 'src/crm', doors: ['src/crm/index.ts'], guests: /^src\/(accounts|admin|api|operations)\// },
  { folder: 'src/metrics', doors: ['src/metrics/index.ts'], guests: /^/ },
  { folder: 'src/audit', doors: ['src/audit/index.ts'], guests: /^/ },
  { folder: 'src/admin', doors: ['src/admin/index.ts'], guests: /^/ },
  { folder: 'src/accounts', doors: ['src/accounts/index.ts'], guests: /^src\/api\// },
]

const DRIVERS = ['better-sqlite3', 'pg', 'ioredis', 'redis', 'nodemailer']
// Connections are opened in the one, mail transports made in the other.
const NAMES_DRIVERS = ['src/connections.ts', 'src/parts.ts']

// Everywhere else a transaction would be serial on SQLite and not on PostgreSQL.
const BEGINS_TRANSACTIONS = 'src/in-turn.ts'

const LONGEST_LINES = 300
const EMPTY_WORDS = /(?:^|-)(utils?|helpers?|misc|managers?|services?|common)(?:-|\.|$)/

/** Reads every TypeScript file below these folders. */
export function readSources(root: string, folders: readonly string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => ({ path: relative(root, file).split(sep).join('/'), text: readFileSync(file, 'utf8') })),
  )
}

/** One sentence for each thing in these sources that the layout does not allow. */
export function violations(sources: readonly Source[]): string[] {
  const imports = new Map(sources.map(({ path, text }) => [path, importsOf(path, text)]))
  return [
    ...sources.flatMap(aboutTheFile),
    ...[...imports].flatMap(([path, targets]) => targets.flatMap((target) => aboutTheImport(path, target) ?? [])),
    ...circles(imports),
  ]
}

function aboutTheFile({ path, text }: Source): string[] {
  const lines = text.split('\n').length - 1
  const word = EMPTY_WORDS.exec(posix.basename(path))?.[1]
  return [
    ...(lines > LONGEST_LINES ? [`${path} has ${lines} lines; ${LONGEST_LINES} is the limit`] : []),
    ...(word ? [`${path}: a name with "${word}" says nothing about what is inside`] : []),
    ...(/\.transaction\(\)/.test(text) && path !== BEGINS_TRANSACTIONS
      ? [
          `${path} must not begin a transaction: inTurn() of ${BEGINS_TRANSACTIONS} is as safe on PostgreSQL as on SQLite`,
        ]
      : []),
    ...(unitOf(path) in MAP || GROUND.includes(path) ? [] : [`${path} is not on the map of test/support/layout.ts`]),
  ]
}

function aboutTheImport(path: string, target: string): string | undefined {
  const unit = unitOf(path)
  const refuse = (reason: string) => `${path} must not import ${target}: ${reason}`

  if (!isSource(target)) {
    if (unit === 'src/session' && !target.startsWith('node:'))
      return refuse('src/session may import only itself and node:')
    if (DRIVERS.includes(target) && !NAMES_DRIVERS.includes(path))
      return refuse(`only ${NAMES_DRIVERS.join(' and ')} name a driver`)
    return undefined
  }
  const whom = unitOf(target)
  if (whom === unit) return undefined
  const allowed = [...(GROUND.includes(path) ? [] : (MAP[unit] ?? [])), ...(unit === 'src/session' ? [] : GROUND)]
  if (unit === 'src/session') return refuse('src/session may import only itself and node:')
  if (!allowed.includes(whom)) return refuse(`it is not on the map of ${unit}`)
  const closed = DOORS.find(
    ({ folder, doors, guests }) => whom === folder && guests.test(path) && !doors.includes(target),
  )
  return closed && refuse(`enter ${closed.folder} by ${closed.doors.join(' or ')}`)
}

/** Every circle once, beginning with the file that was met first. */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) {
      found.push(`a circle of imports: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`)
      return
    }
    if (done.has(path)) return
    for (const target of imports.get(path) ?? []) if (isSource(target)) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of imports.keys()) visit(path, [])
  return found
}

/** What a file imports or re-exports, types included: paths from the root for sources, names for packages. */
function importsOf(path: string, text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const statements = code.matchAll(
    /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  )
  return [...statements].map(([, from, bare, dynamic]) => resolveImport(path, from ?? bare ?? dynamic ?? ''))
}

function resolveImport(path: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')
}

function isSource(target: string): boolean {
  return /^(src|db)\//.test(target)
}

/** The part of the map that a file belongs to: its folder, or the file itself directly below src/. */
function unitOf(path: string): string {
  if (path.startsWith('db/')) return 'db'
  return path.split('/').slice(0, 2).join('/')
}
