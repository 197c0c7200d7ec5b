// npm run demo:cluster: runs the demo in four processes, with its data in PostgreSQL and its sessions in Redis.
import { readEnvFile } from '../src/config/env-file.ts'

const WORKERS = '4'

readEnvFile()

const database = fromEnvironment(['DATABASE_URL', 'POSTGRES_URL'], /^postgres(ql)?:\/\//) ?? fromLibpq()
const store = fromEnvironment(['SESSION_STORE', 'REDIS_URL'], /^rediss?:\/\//)

if (database === undefined || store === undefined) {
  console.error(directions())
  process.exit(1)
}

process.env.DATABASE_URL = database
process.env.SESSION_STORE = store
process.env.WEB_CONCURRENCY ||= WORKERS
await import('../src/main.ts')

function fromEnvironment(names, pattern) {
  return names.map((name) => process.env[name]?.trim()).find((value) => value && pattern.test(value))
}

/** Builds DATABASE_URL from the environment variables that psql and libpq use. */
function fromLibpq() {
  const { PGHOST, PGPORT = '5432', PGUSER, PGPASSWORD, PGDATABASE } = process.env
  if (!PGHOST || !PGDATABASE || PGHOST.startsWith('/')) return undefined
  const url = new URL(`postgres://${PGHOST}:${PGPORT}/${PGDATABASE}`)
  url.username = PGUSER ?? ''
  url.password = PGPASSWORD ?? ''
  return url.href
}

function directions() {
  return [
    'demo:cluster keeps its data in PostgreSQL and its sessions in Redis, and needs to be told where they are.',
    ...(database === undefined
      ? [
          '',
          'PostgreSQL: set DATABASE_URL=postgres://user:password@host:5432/crm (or PGHOST, PGUSER, PGDATABASE …).',
          '  Debian, Ubuntu: apt-get install postgresql, then, as the user postgres:',
          '                  createuser --pwprompt crm && createdb --owner=crm crm',
          '  macOS:          brew install postgresql@17 && brew services start postgresql@17 && createdb crm',
          '  Docker:         docker run --rm -p 5432:5432 -e POSTGRES_PASSWORD=crm -e POSTGRES_DB=crm postgres:17',
        ]
      : []),
    ...(store === undefined
      ? [
          '',
          'Redis (7 or newer, or Valkey): set REDIS_URL=redis://host:6379.',
          '  Debian, Ubuntu: apt-get install redis-server',
          '  macOS:          brew install redis && brew services start redis',
          '  Docker:         docker run --rm -p 6379:6379 redis:7',
        ]
      : []),
  ].join('\n')
}
