import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { GateError, root } from './run-program.mjs'

// These tests start processes, copy the project, or take more than ten seconds. Only `npm run test:all` runs them.
const LATER = [
  'test/accounts/people/demo-passwords.test.ts',
  'test/bench/',
  'test/commands/commands.test.ts',
  'test/commands/move-sessions.test.ts',
  'test/commands/user-commands.test.ts',
  'test/db/start.test.ts',
  'test/main.test.ts',
  'test/parts/demo-reset-processes.test.ts',
  'test/process/fleet/',
  'test/process/server.test.ts',
  'test/scripts/',
  'test/session/core/killed-process.test.ts',
  'test/session/core/many-processes.test.ts',
  'test/session/deleted-stores.test.ts',
  'test/session/faults/',
  'test/session/model/',
  'test/session/races/',
  'test/store-trouble/',
]

// These tests use the packages of the examples, which an earlier step installs.
const AFTER_EXAMPLES = ['test/scripts/session-copy-outside.test.ts']

// These files define no test if their database server is not running.
const ABOUT_SERVERS = [
  'test/commands/postgres-commands.test.ts',
  'test/db/dialects/postgres-driver.test.ts',
  'test/db/postgres-start.test.ts',
  'test/db/postgres-unavailable.test.ts',
  'test/parts/shared-limiters.test.ts',
  'test/session/stores/postgres/',
  'test/session/stores/redis/',
]

// The walkthroughs of the documented examples. `npm test` runs them.
const DOCUMENTED = [
  'test/e2e/login.spec.ts',
  'test/e2e/sign-up.spec.ts',
  'test/e2e/stories/email-on-two-devices.spec.ts',
  'test/e2e/stories/login.spec.ts',
]

// These tests run twice: with the data of the CRM in SQLite, and with the data in PostgreSQL.
const TWICE = [
  'test/accounts/',
  'test/admin/',
  'test/api/',
  'test/app/',
  'test/audit/',
  'test/crm/',
  'test/db/',
  'test/mail/',
  'test/operations/',
  'test/parts/demo-reset-processes.test.ts',
  'test/platform/',
  'test/readme-conversation.test.ts',
  'test/web/',
]

// The parts of the session layer that use Node’s own HTTP, SQLite, AsyncLocalStorage or cryptography. The oldest and the
// newest Node run these tests too.
const ON_EVERY_NODE = [
  'test/session/adapters/',
  'test/session/core/concurrent-calls.test.ts',
  'test/session/core/device-binding/',
  'test/session/core/proofs.test.ts',
  'test/session/core/sealed-store.test.ts',
  'test/session/fetch/',
  'test/session/koa/',
  'test/session/node-http/',
  'test/session/stores/',
]

const NO_DATABASE = 'asks no database'
const SESSIONS_ONLY = 'is about the session store'
const OWN_DATABASE = 'names its own database'
const RIGHTS_ONLY = 'is about rights and secrets, which no database changes'

// These files are in a folder of TWICE but run only once, for the given reason.
const ONCE = {
  'test/accounts/people/demo-passwords.test.ts': OWN_DATABASE,
  'test/accounts/people/passwords.test.ts': NO_DATABASE,
  'test/accounts/sign-in/login-limit.test.ts': NO_DATABASE,
  'test/api/docs.test.ts': NO_DATABASE,
  'test/api/variables.test.ts': SESSIONS_ONLY,
  'test/app/access-matrix.test.ts': RIGHTS_ONLY,
  'test/app/planted-secrets.test.ts': RIGHTS_ONLY,
  'test/db/dialects/postgres-driver.test.ts': OWN_DATABASE,
  'test/db/postgres-start.test.ts': OWN_DATABASE,
  'test/db/postgres-unavailable.test.ts': OWN_DATABASE,
  'test/db/sqlite-unavailable.test.ts': OWN_DATABASE,
  'test/db/start.test.ts': OWN_DATABASE,
  'test/mail/render-mail.test.ts': NO_DATABASE,
  'test/platform/platform.test.ts': NO_DATABASE,
  'test/web/cross-origin-guard.test.ts': NO_DATABASE,
  'test/web/format.test.ts': NO_DATABASE,
  'test/web/device-description.test.ts': NO_DATABASE,
  'test/web/message-on-page.test.ts': SESSIONS_ONLY,
  'test/web/own-hosts.test.ts': NO_DATABASE,
  'test/web/static-assets.test.ts': NO_DATABASE,
}

export function planTests() {
  const unit = testFiles('.test.ts')
  const walkthroughs = testFiles('.spec.ts')
  refuseGone([...unit, ...walkthroughs])
  const isLater = among(LATER)
  const isAfterExamples = among(AFTER_EXAMPLES)
  const isAboutServers = among(ABOUT_SERVERS)
  const isOnEveryNode = among(ON_EVERY_NODE)
  return {
    unit,
    walkthroughs,
    documented: walkthroughs.filter(among(DOCUMENTED)),
    embedded: unit.filter((file) => !isLater(file) && !isAboutServers(file)),
    later: unit.filter((file) => isLater(file) && !isAfterExamples(file)),
    afterExamples: unit.filter(isAfterExamples),
    aboutServers: unit.filter(isAboutServers),
    onEveryStore: unit.filter((file) => !isLater(file) && runsOnEveryStore(file)),
    onEveryNode: unit.filter((file) => isOnEveryNode(file) && !isLater(file) && !isAboutServers(file)),
    firstStart: unit.filter(among(['test/scripts/first-start.test.ts'])),
    onPostgres: unit.filter((file) => among(TWICE)(file) && !(file in ONCE)),
  }
}

export function serversFor(files) {
  const texts = files.map(read)
  const isNamed = (name) => texts.some((text) => text.includes(name)) || files.some(runsOnEveryStore)
  return { redis: isNamed('redisUrl'), postgres: isNamed('postgresUrl') }
}

export function lacksServer(file) {
  const { redis, postgres } = serversFor([file])
  return (redis && !process.env.TEST_REDIS_URL) || (postgres && !process.env.TEST_POSTGRES_URL)
}

export function matching(files, filter) {
  return filter.length === 0 ? files : files.filter((file) => filter.some((part) => file.includes(part)))
}

export function runsOnEveryStore(file) {
  return /\bSTORES\b[^;]*?support\/layer\.ts'/.test(read(file))
}

function among(list) {
  return (file) => list.some((name) => (name.endsWith('/') ? file.startsWith(name) : file === name))
}

function refuseGone(files) {
  const named = [
    ...LATER,
    ...AFTER_EXAMPLES,
    ...ABOUT_SERVERS,
    ...DOCUMENTED,
    ...TWICE,
    ...ON_EVERY_NODE,
    ...Object.keys(ONCE),
  ]
  const gone = named.filter((name) => !files.some(among([name])))
  if (gone.length > 0) throw new GateError(`test/gate/plan.mjs names files that do not exist: ${gone.join(', ')}.`)
}

function testFiles(ending) {
  return readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

function read(file) {
  return readFileSync(join(root, file), 'utf8')
}
