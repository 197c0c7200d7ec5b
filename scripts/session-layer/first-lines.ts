import { basename } from 'node:path'
import { withEnding } from './copied-files.ts'
import type { CopyOptions } from './copy-options.ts'

interface StoreLines {
  imports: string
  /** Opens the connection and prepares the store. */
  opening?: string
  store: string
}

const STORES: Record<string, StoreLines> = {
  memory: {
    imports: "import { memoryStore } from './session/stores/memory/index.ts'\n",
    store: 'memoryStore()',
  },
  sqlite: {
    imports: "import Database from 'better-sqlite3'\nimport { sqliteStore } from './session/stores/sqlite/index.ts'\n",
    store: "sqliteStore(new Database('sessions.sqlite'))",
  },
  redis: {
    imports: "import { Redis } from 'ioredis'\nimport { redisStore } from './session/stores/redis/index.ts'\n",
    opening:
      "const redis = new Redis('redis://127.0.0.1:6379', { enableOfflineQueue: false, maxRetriesPerRequest: 0 })\n",
    store: 'redisStore(redis, { subscriber: redis.duplicate() })',
  },
  postgres: {
    imports:
      "import { Pool } from 'pg'\nimport { postgresStore, preparePostgresStore } from './session/stores/postgres/index.ts'\n",
    opening:
      'const pool = new Pool({ connectionString: process.env.DATABASE_URL })\nawait preparePostgresStore(pool)\n',
    store: 'postgresStore(pool)',
  },
}

interface FrameworkLines {
  imports: string
  /** A declaration or the lines after the manager. */
  types?: string
  mount: string
}

const FRAMEWORKS: Record<string, FrameworkLines> = {
  koa: {
    imports: `import Koa from 'koa'
import { createSessions, type SessionOf } from './session/index.ts'
import { sessions } from './session/koa/index.ts'
`,
    types: `declare module 'koa' {
  interface DefaultContext { readonly session: SessionOf<typeof manager> }
}

`,
    mount: `const app = new Koa()
app.use(sessions(manager))
`,
  },
}

/** The first lines of an application beside the copy. They compile as they are. */
export function firstLines(folder: string, { frameworks, stores, imports }: CopyOptions): string {
  const { opening = '', store, ...storeLines } = STORES[stores[0] ?? ''] ?? { imports: '', store: 'store' }
  const { types = '', mount, ...lines } = FRAMEWORKS[frameworks[0] ?? ''] ?? { imports: '', mount: '' }
  const text = `${lines.imports}${storeLines.imports}
${types}${opening}const manager = createSessions({
  appName: 'SHOP', // the cookie is __Host-4DSID_SHOP
  store: ${store},
  // secureCookie: false, // only for plain http on your own machine
})
${mount}`
  return withEnding(text, imports).replaceAll("'./session/", `'./${basename(folder)}/`)
}
