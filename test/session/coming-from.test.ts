import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RedisStore } from 'connect-redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { projectRoot } from '../../src/config/project-root.ts'
import { createSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { redisStore } from '../../src/session/stores/redis/index.ts'
import { type Described, describe, type LayerContext, PAGES, startLayer } from './support/layer.ts'

interface Row {
  habit: string
  /** The code in the right cell. '' means that the cell says that no replacement is needed. */
  instead: string
}

type After = Described & { idleTimeout: number; answer: unknown; flash: string[] }

const VIEWS: Check = ({ storage, userName }) => storage.views === 1 && storage.key === '1' && userName === 'Ana Lima'
const LOGGED_IN: Check = ({ userId, storage }, before) =>
  userId === '5' && storage.key === undefined && before.userId === '4'
const LOGGED_OUT: Check = ({ userId, storage }) => userId === undefined && Object.keys(storage).length === 0
const EXTENDED: Check = ({ idleTimeout }) => idleTimeout === 300
const SIGNED_IN: Check = ({ answer }) => answer === '4'
const ROTATED: Check = ({ id, userId }, before) => id !== before.id && userId === '4'

type Check = (after: After & { userId?: string }, before: After & { userId?: string }) => boolean

/** Checks the effect of the code in the right cell of a row. */
const EFFECTS: Record<string, Check> = {
  'ctx.session.views = 1': VIEWS,
  'ctx.session = { views: 1 }': VIEWS,
  'Object.assign(ctx.session, { views: 1 })': VIEWS,
  'ctx.session = null': LOGGED_OUT,
  "ctx.session.user = { id: '5' }": LOGGED_IN,
  "ctx.session.userId = '5'": LOGGED_IN,
  'ctx.session.maxAge = 5 * 3_600_000': EXTENDED,
  'ctx.session.save()': VIEWS,
  'await ctx.session.manuallyCommit()': VIEWS,
  'ctx.session.regenerate(callback)': ROTATED,
  'if (ctx.session.populated) return': ({ answer }) => JSON.stringify(answer) === '["key"]',
  'req.session.views = 1': VIEWS,
  "req.session.user = { id: '5' }": LOGGED_IN,
  'if (!req.session.user) return': SIGNED_IN,
  'req.session.regenerate(callback)': ROTATED,
  'req.session.destroy(callback)': LOGGED_OUT,
  'req.session.save(callback)': VIEWS,
  'req.session.reload(callback)': ({ storage }) => storage.key === '1',
  'req.session.resetMaxAge()': EXTENDED,
  'req.session.cookie.maxAge = 5 * 3_600_000': EXTENDED,
  "req.session.flash = 'Saved'": ({ flash, storage }) => flash.join() === 'Saved' && storage.flash === undefined,
  "req.session.passport = { user: '5' }": LOGGED_IN,
  'delete req.session.passport.user': LOGGED_OUT,
  'session.views = 1': VIEWS,
  'Object.assign(session, { views: 1 })': VIEWS,
  'await session.save()': VIEWS,
  "session.user = { id: '5' }": LOGGED_IN,
  "session.userId = '5'": LOGGED_IN,
  'if (!session.user) return': SIGNED_IN,
  'session.destroy()': LOGGED_OUT,
  'session.updateConfig({ ttl: 18_000 })': EXTENDED,
  'await auth.api.getSession({ headers })': SIGNED_IN,
  'await auth.api.signInEmail({ body })': LOGGED_IN,
  'await auth.api.signOut({ headers })': LOGGED_OUT,
  'await auth.api.updateSession({ body: { views: 1 }, headers })': VIEWS,
  'await auth.api.listSessions({ headers })': ({ answer }, { id }) => (answer as string[]).includes(id),
  'await auth.api.revokeOtherSessions({ headers })': ({ id, userId }, before) => id === before.id && userId === '4',
  'await auth.api.revokeSessions({ headers })': LOGGED_OUT,
  'if (!ctx.session.user) return': SIGNED_IN,
}

const AsyncFunction = (async () => {}).constructor as FunctionConstructor
const fail = () => assert.fail('a callback was called')

// The calls of better-auth are calls of its own object, so the layer can refuse only habits with a session.
const isCallOfLayer = (habit: string) => !habit.includes('auth.api.')

for (const library of ['koa-session', 'express-session', 'iron-session', 'better-auth']) {
  const page = readFileSync(join(projectRoot(), 'src', 'session', 'docs', `coming-from-${library}.md`), 'utf8')
  const [handlers = '', options = ''] = page.split('\n## Options\n')

  test(`[NAME-10] each habit of ${library} with a session throws an error that names the call to use, and that call has the wanted effect`, async (t) => {
    const rows = rowsOf(handlers)
    assert.ok(rows.length > 7)
    const run = async (code: string, ctx: LayerContext) => {
      const req = Object.defineProperty({}, 'session', { get: () => ctx.session })
      const names = ['ctx', 'req', 'session', 'manager', 'callback']
      const body = new AsyncFunction(...names, code) as (...parameters: unknown[]) => Promise<unknown>
      return body(ctx, req, ctx.session, manager, fail)
    }
    const state = (ctx: LayerContext) => {
      const { userId, idleTimeout } = ctx.session
      return { ...describe(ctx.session), userId, idleTimeout }
    }
    const { visitor, manager } = await startLayer(t, {
      ...PAGES,
      '/state': (_session, ctx) => state(ctx),
      '/habit': async (_session, ctx) =>
        run(String(ctx.query.code), ctx).then(
          () => 'no error',
          (error: Error) => `${error.name}: ${error.message}`,
        ),
      '/instead': async (_session, ctx) => {
        const answer = await run(String(ctx.query.code), ctx)
        return { ...state(ctx), answer: answer ?? null, flash: await ctx.session.takeFlash() }
      },
    })
    for (const { habit, instead } of rows) {
      const ana = visitor()
      await ana.read('/login')
      await ana.read('/write')
      const before = await ana.read<After>('/state')
      if (isCallOfLayer(habit)) {
        const message = await ana.read<string>(`/habit?code=${encodeURIComponent(habit)}`)
        assert.match(message, /^TypeError: [^\n]+\.$/, habit)
        const [, call = 'by itself'] = /session\.(\w+\(|storage|userId)/.exec(instead) ?? []
        assert.ok(message.includes(call), `${habit}: "${message}" does not name ${call}`)
        assert.deepEqual(await ana.read('/state'), before, habit)
      }
      if (instead === '') continue
      const after = await ana.read<After>(`/instead?code=${encodeURIComponent(instead)}`)
      const { answer, flash } = after
      const later = { ...(await ana.read<After>('/state')), answer, flash }
      for (const seen of [after, later])
        assert.ok(EFFECTS[habit]?.(seen, before), `${instead} after ${habit}: ${JSON.stringify(seen)}`)
    }
  })

  test(`[NAME-10] each option of ${library} is refused, and the documented replacement is accepted`, async () => {
    const client = createClient()
    const ioredis = new Redis({ lazyConnect: true, maxRetriesPerRequest: 0, enableOfflineQueue: false })
    ioredis.disconnect()
    const optionsOf = (code: string, redis: unknown): object =>
      new Function('memoryStore', 'redisStore', 'RedisStore', 'client', `return { ${code} }`)(
        memoryStore,
        redisStore,
        RedisStore,
        redis,
      )
    const rows = rowsOf(options)
    assert.ok(rows.length > 7)
    for (const { habit, instead } of rows) {
      const common = { appName: 'TEST', store: memoryStore() }
      assert.throws(
        () => createSessions({ ...common, ...optionsOf(habit, client) }),
        { name: 'TypeError', message: /is not an option of createSessions\(\)|pass a store/ },
        habit,
      )
      if (instead !== '') await createSessions({ ...common, ...optionsOf(instead, ioredis) }).close()
    }
  })
}

function rowsOf(markdown: string): Row[] {
  return [...markdown.matchAll(/^\| `([^`]+)`[^|]* \| (.+) \|$/gm)].map(([, habit = '', cell = '']) => ({
    habit,
    instead: /^`([^`]+)`/.exec(cell)?.[1] ?? '',
  }))
}
