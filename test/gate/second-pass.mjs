import { GateError } from './run-program.mjs'

// What runs twice: once on SQLite with everything else, and once more with the CRM's data in PostgreSQL.
const TWICE = [
  'test/accounts/',
  'test/admin/',
  'test/api/',
  'test/app.test.ts',
  'test/app-sessions.test.ts',
  'test/audit/',
  'test/crm/',
  'test/db/',
  'test/mail/',
  'test/operations/',
  'test/platform/',
  'test/readme-conversation.test.ts',
  'test/web/',
]

const ASKS_NONE = 'what it is about asks no database'
const SESSIONS_ONLY = 'what it is about lies in the session store'
const OWN_DATABASE = 'names its own database'

// Of these, what runs once, and why.
const ONCE = {
  'test/accounts/login-limit.test.ts': ASKS_NONE,
  'test/accounts/passwords.test.ts': ASKS_NONE,
  'test/api/docs.test.ts': ASKS_NONE,
  'test/api/variables.test.ts': SESSIONS_ONLY,
  'test/db/postgres-commands.test.ts': OWN_DATABASE,
  'test/db/postgres-driver.test.ts': OWN_DATABASE,
  'test/db/postgres-start.test.ts': OWN_DATABASE,
  'test/db/postgres-trouble.test.ts': OWN_DATABASE,
  'test/db/move-sessions.test.ts': 'moves sessions, and looks at no customers',
  'test/db/sqlite-trouble.test.ts': OWN_DATABASE,
  'test/db/start.test.ts': OWN_DATABASE,
  'test/platform/platform.test.ts': ASKS_NONE,
  'test/platform/start-platform.test.ts': ASKS_NONE,
  'test/web/cross-origin-guard.test.ts': ASKS_NONE,
  'test/web/device-words.test.ts': ASKS_NONE,
  'test/web/message-on-page.test.ts': SESSIONS_ONLY,
  'test/web/safe-next.test.ts': ASKS_NONE,
}

/** The test files of the second pass. A file that is new in these folders is one of them, until it is named above. */
export function ofSecondPass(files) {
  const gone = Object.keys(ONCE).filter((file) => !files.includes(file))
  if (gone.length > 0) throw new GateError(`test/gate/second-pass.mjs names files that are gone: ${gone.join(', ')}.`)
  return files.filter((file) => TWICE.some((begin) => file.startsWith(begin)) && !(file in ONCE))
}
