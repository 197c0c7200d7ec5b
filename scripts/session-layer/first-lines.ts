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

/** The lines for a framework. One folder of the layer may serve several frameworks. */
interface FrameworkLines {
  name: string
  /** The page of the copy that continues the example. */
  page: string
  imports: string
  /** Declares the type of the session. */
  types?: string
  /** The lines below the manager. */
  mount: string
}

const FRAMEWORKS: Record<string, readonly FrameworkLines[]> = {
  koa: [
    {
      name: 'Koa',
      page: 'README.md',
      imports: `import Koa from 'koa'
import { createSessions, type SessionOf } from './session/index.ts'
import { crossOriginGuard, sessions } from './session/koa/index.ts'
`,
      types: `declare module 'koa' {
  interface DefaultContext { readonly session: SessionOf<typeof manager> }
}
`,
      mount: `const app = new Koa()
app.use(crossOriginGuard())
app.use(sessions(manager))
`,
    },
  ],
  'node-http': [
    {
      name: 'node:http',
      page: 'docs/node-http.md',
      imports: `import { createServer } from 'node:http'
import { createSessions } from './session/index.ts'
import { crossOriginGuard, sessionHandler } from './session/node-http/index.ts'
`,
      mount: `const refuseCrossOrigin = crossOriginGuard()
const server = createServer(sessionHandler(manager, async (req, res, session) => {
  refuseCrossOrigin(req)
  res.end(session.userName)
}))
`,
    },
    {
      name: 'Express 5',
      page: 'docs/express.md',
      imports: `import express from 'express'
import { createSessions, type SessionOf } from './session/index.ts'
import { crossOriginGuard, sessions } from './session/node-http/express.ts'
`,
      types: `declare module 'express-serve-static-core' {
  interface Request { readonly session: SessionOf<typeof manager> }
}
`,
      mount: `const app = express()
app.use(crossOriginGuard(), sessions(manager))
`,
    },
    {
      name: 'Fastify 5',
      page: 'docs/fastify.md',
      imports: `import Fastify from 'fastify'
import { createSessions, type SessionOf } from './session/index.ts'
import { crossOriginGuard, sessions } from './session/node-http/fastify.ts'
`,
      types: `declare module 'fastify' {
  interface FastifyRequest { readonly session: SessionOf<typeof manager> }
}
`,
      mount: `const app = Fastify()
app.addHook('onRequest', crossOriginGuard())
app.register(sessions(manager))
`,
    },
  ],
  fetch: [
    {
      name: 'a server of the Fetch standard',
      page: 'docs/fetch.md',
      imports: `import { createSessions } from './session/index.ts'
import { crossOriginGuard, sessionHandler } from './session/fetch/index.ts'
`,
      mount: `const refuseCrossOrigin = crossOriginGuard()
const answer = sessionHandler(manager, async (request, session) => {
  refuseCrossOrigin(request)
  return new Response(session.userName)
})
export default { fetch: (request: Request) => answer(request, undefined) }
`,
    },
    {
      name: 'Hono',
      page: 'docs/hono.md',
      imports: `import { Hono } from 'hono'
import { createSessions, type SessionOf } from './session/index.ts'
import { crossOriginGuard, sessions } from './session/fetch/hono.ts'
`,
      mount: `const app = new Hono<{ Variables: { session: SessionOf<typeof manager> } }>()
app.use(crossOriginGuard())
app.use(sessions(manager))
`,
    },
    {
      name: 'Next.js',
      page: 'docs/nextjs.md',
      imports: `import { createSessions } from './session/index.ts'
import { crossOriginGuard } from './session/fetch/index.ts'
import { sessionRoute } from './session/fetch/next.ts'
`,
      mount: `const refuseCrossOrigin = crossOriginGuard()
export const GET = sessionRoute(manager, async (request, session) => {
  refuseCrossOrigin(request)
  return new Response(session.userName)
})
`,
    },
  ],
}

/** The first lines of an application beside the copy, for each framework. They compile as they are. */
export function firstLines(
  folder: string,
  { frameworks, stores, imports }: CopyOptions,
): { name: string; page: string; lines: string }[] {
  return frameworks
    .flatMap((framework) => FRAMEWORKS[framework] ?? [])
    .map(({ name, page, ...framework }) => {
      const { opening = '', store, ...storeLines } = STORES[stores[0] ?? ''] ?? { imports: '', store: 'store' }
      const lines = `${framework.imports}${storeLines.imports}
${framework.types === undefined ? '' : `${framework.types}\n`}${opening}const manager = createSessions({
  appName: 'SHOP', // the cookie is __Host-4DSID_SHOP
  store: ${store},
  // secureCookie: false, // only for plain http on your own machine
})
${framework.mount}`
      return { name, page, lines: withEnding(lines, imports).replaceAll("'./session/", `'./${basename(folder)}/`) }
    })
}
