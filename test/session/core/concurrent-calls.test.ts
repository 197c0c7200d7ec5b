import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as pause } from 'node:timers/promises'
import type { SessionStore } from '../../../src/session/index.ts'
import {
  codeOf,
  type Described,
  type Handler,
  type LayerContext,
  type LayerSession,
  PAGES,
  STORES,
  startLayer,
} from '../support/layer.ts'

type Call = (session: LayerSession, ctx: LayerContext) => Promise<unknown>

const CALLS = {
  use: (session) => session.use((storage) => void (storage.written = true)),
  useAsync: (session) =>
    session.use(async (storage) => {
      for (let n = 0; n < 5; n++) await pause()
      storage.written = true
    }),
  renew: (session) => session.renew(),
  close: (session) => session.close(),
  logIn: (session, { query }) =>
    session.setPrivileges({ userId: String(query.key), privileges: 'viewCustomers' }, { login: true }),
  secureSession: (session) => session.secureSession(),
  restore: (session, { query }) => session.restore(query.token),
} satisfies Record<string, Call>

type Name = keyof typeof CALLS

const NAMES = Object.keys(CALLS) as Name[]
const WRITES: readonly Name[] = ['use', 'useAsync']
// After a log out, each of these calls begins or opens another session.
const BEGINS: readonly Name[] = [...WRITES, 'logIn', 'secureSession', 'restore']

interface Case {
  calls: readonly Name[]
  awaited: readonly boolean[]
  signedIn: boolean
  name: string
  outcome: string[]
}

function newCases(): Case[] {
  const series = NAMES.flatMap((first): Name[][] => NAMES.map((second) => [first, second]))
  for (const use of WRITES) series.push([use, 'renew', 'close'], ['renew', use, 'close'])
  return series.flatMap((calls) =>
    Array.from({ length: 2 ** calls.length }, (_, mode) => calls.map((_, n) => (mode & (1 << n)) !== 0)).flatMap(
      (awaited) => {
        const isMixed = new Set(awaited).size === 2
        return (isMixed ? [true] : [true, false]).map((signedIn) => {
          const words = calls.map((call, n) => (awaited[n] ? `await ${call}` : call))
          const name = `${signedIn ? 'user' : 'guest'}: ${words.join(', ')}`
          return { calls, awaited, signedIn, name, outcome: [] }
        })
      },
    ),
  )
}

for (const [store, open] of Object.entries(STORES)) {
  test(`[TURN-1] [TURN-2] [TURN-3] after any two concurrent calls on a session, cookie, session object and store agree, on the ${store} store`, async (t) => {
    const unhandled: unknown[] = []
    const collect = (error: unknown) => void unhandled.push(error)
    process.on('unhandledRejection', collect)
    t.after(() => process.off('unhandledRejection', collect))

    const cases = newCases()
    const contexts = new Map<Case, LayerContext>()
    const perform: Handler = async (_, ctx) => {
      const given = cases[Number(ctx.query.key)]
      if (!given) return
      contexts.set(given, ctx)
      for (const [n, name] of given.calls.entries()) {
        const called = codeOf(CALLS[name](ctx.session as LayerSession, ctx)).then(
          (code) => void (given.outcome[n] = code),
        )
        if (given.awaited[n]) await called
      }
    }
    const { visitor, manager } = await startLayer(t, { ...PAGES, '/perform': perform }, { store: slowed(open()) })

    async function check(given: Case, key: number): Promise<void> {
      const { calls, signedIn, name, outcome } = given
      const ana = visitor()
      if (signedIn) await ana.read(`/login?id=${key}`)
      const token = calls.includes('restore') ? await manager.createOTP(await othersSession(key)) : ''
      const answer = await ana.get(`/perform?key=${key}&token=${token}`)
      assert.equal(answer.status, 200, name)
      assert.ok(answer.setCookies.length <= 1, name)

      const session = contexts.get(given)?.session
      const isLive = session?.deviceHandle !== undefined
      const seen = await ana.read<Described>('/read')
      assert.equal(seen.isNew, !isLive, `${name}: the cookie is live, but the session object is not, or the reverse`)
      if (isLive) assert.equal(seen.id, session.id, `${name}: the cookie opens another session`)

      for (const code of outcome) assert.match(code, /^(done|SESSION_ENDED)$/, name)
      const closed = calls.findLastIndex((call, n) => call === 'close' && outcome[n] === 'done')
      if (closed !== -1 && !calls.slice(closed + 1).some((call) => BEGINS.includes(call)))
        assert.equal(isLive, false, `${name}: logged out, but the cookie is live`)

      const { sessions } = await manager.list({ userId: String(key) })
      const others = sessions.filter(({ id, state }) => state === 'live' && id !== session?.id)
      if (!calls.includes('restore')) assert.equal(others.length, 0, `${name}: a session without a cookie is left`)

      if (signedIn && calls.every((call) => call === 'renew' || WRITES.includes(call))) {
        assert.ok(!outcome.includes('SESSION_ENDED'), name)
        if (calls.some((call) => WRITES.includes(call))) assert.deepEqual(seen.storage, { written: true }, name)
      }
    }

    async function othersSession(key: number): Promise<string> {
      return (await visitor().read<Described>(`/login?id=other${key}`)).id
    }

    const failed: string[] = []
    const record = (error: Error) => void failed.push(error.message)
    const batch = 40
    for (let n = 0; n < cases.length; n += batch)
      await Promise.all(cases.slice(n, n + batch).map((given, offset) => check(given, n + offset).catch(record)))
    assert.deepEqual(failed, [])
    assert.deepEqual(unhandled, [])
  })
}

/** Makes each call of the store take two turns of the event loop, like a store on a database server. */
function slowed(store: SessionStore): SessionStore {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (call: object) => {
        await pause()
        const answer = await member.call(target, call)
        await pause()
        return answer
      }
    },
  })
}
