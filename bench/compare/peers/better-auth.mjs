import { createHmac } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { anonymous } from 'better-auth/plugins'

const SECRET = 'a secret of at least 32 characters, for the comparison'
const ACCOUNT = { email: 'ana@example.com', password: 'a password of the comparison' }
const READS = new Set(['findOne', 'findMany', 'count'])
const WRITES = new Set(['create', 'update', 'updateMany', 'delete', 'deleteMany', 'consumeOne', 'incrementOne'])

export default async function start({ hold }) {
  const tables = { user: [], session: [], account: [], verification: [] }
  let writes = 0
  const slowed = (adapter) =>
    new Proxy(adapter, {
      get(target, name) {
        const member = target[name]
        if (name === 'transaction') return (run) => member((inside) => run(slowed(inside)))
        if (!READS.has(name) && !WRITES.has(name)) return member
        return async (...args) => {
          if (WRITES.has(name)) writes++
          await pause(3)
          return member.apply(target, args)
        }
      },
    })
  const { api } = betterAuth({
    baseURL: 'http://127.0.0.1',
    secret: SECRET,
    database: (options) => slowed(memoryAdapter(tables)(options)),
    emailAndPassword: { enabled: true },
    session: { additionalFields: { items: { type: 'string', required: false } } },
    // In better-auth, a guest with a session is an anonymous user.
    plugins: [anonymous()],
    rateLimit: { enabled: false },
    logger: { disabled: true },
  })
  await api.signUpEmail({ body: { ...ACCOUNT, name: 'ana' } })
  tables.session.length = 0

  const pages = {
    '/page': () => undefined,
    '/write': async (headers, item) => {
      const { session } = (await api.getSession({ headers })) ?? {}
      const body = { items: JSON.stringify([...JSON.parse(session?.items ?? '[]'), item]) }
      if (session) return api.updateSession({ headers, body, asResponse: true })
      if (headers.get('cookie') !== null) return undefined
      const guest = await api.signInAnonymous({ headers, asResponse: true })
      const cookie = guest.headers.getSetCookie().map((line) => line.split(';')[0])
      await api.updateSession({ headers: new Headers({ cookie: cookie.join('; ') }), body })
      return guest
    },
    '/login': (headers) => api.signInEmail({ headers, body: ACCOUNT, asResponse: true }),
    '/logout': (headers) => api.signOut({ headers, asResponse: true }),
  }

  async function answer({ url, headers }) {
    const { pathname, searchParams } = new URL(url)
    await hold(searchParams.get('before'))
    const response = await pages[pathname](headers, searchParams.get('item'))
    const { user, session } = (pathname === '/page' && (await api.getSession({ headers }))) || {}
    await hold(searchParams.get('after'))
    const answered = Response.json({
      user: user && !user.isAnonymous ? user.name : null,
      items: JSON.parse(session?.items ?? '[]'),
    })
    for (const line of response?.headers.getSetCookie() ?? []) answered.headers.append('Set-Cookie', line)
    return answered
  }
  const store = { writes: () => writes, texts: () => tables.session.flatMap((row) => Object.values(row).map(String)) }
  return { listener: getRequestListener(answer), store, forge: (texts) => texts.map(signed) }
}

function signed(token) {
  const signature = createHmac('sha256', SECRET).update(token).digest('base64')
  return `better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`
}
