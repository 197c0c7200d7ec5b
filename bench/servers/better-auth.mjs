import { createRequire } from 'node:module'
import Koa from 'koa'
import { contentOf, shownOf } from './content.ts'
import { openPostgres, openSqlite } from './databases.mjs'
import { kind, peers, serve } from './serve.mjs'

const fromPeers = createRequire(peers)
const { betterAuth } = fromPeers('better-auth')
const { getMigrations } = fromPeers('better-auth/db/migration')

const options = {
  baseURL: 'http://127.0.0.1',
  secret: 'a secret of at least 32 characters, for the benchmark',
  database: kind === 'postgres' ? openPostgres() : openSqlite(),
  session: { additionalFields: { content: { type: 'string', required: false } } },
  emailAndPassword: {
    enabled: true,
    // The benchmark does not measure logins, so the password needs no slow hash.
    password: { hash: async (password) => password, verify: async ({ hash, password }) => hash === password },
  },
  rateLimit: { enabled: false },
  logger: { disabled: true },
}
const { runMigrations } = await getMigrations(options)
await runMigrations()
const { api } = betterAuth(options)

const pages = {
  async '/login'(ctx) {
    const { name } = ctx.query
    const email = `${name.replace(' ', '.')}@example.com`
    const body = { name, email, password: 'a password of the benchmark' }
    const signedUp = await api.signUpEmail({ body, asResponse: true })
    const cookies = signedUp.headers.getSetCookie()
    ctx.set('Set-Cookie', cookies)
    const headers = new Headers({ cookie: cookies.map((cookie) => cookie.split(';')[0]).join('; ') })
    const content = JSON.stringify(contentOf(ctx.query))
    await api.updateSession({ headers, body: { content } })
    ctx.body = ''
  },
  async '/read'(ctx) {
    const { session, user } = await api.getSession({ headers: new Headers({ cookie: ctx.get('cookie') }) })
    const content = JSON.parse(session.content)
    if (!content.privileges.includes('viewCustomers')) ctx.throw(403)
    ctx.body = shownOf({ ...content, userName: user.name })
  },
}

const app = new Koa()
app.use((ctx) => pages[ctx.path](ctx))
serve(app.callback())
