import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { type Context, Hono } from 'hono'
import { crossOriginGuard, requireUser, safeNext, sessions } from '../../src/session/fetch/hono.ts'
import { createSessions, type SessionOf, storageOf } from '../../src/session/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { type LoginForm, pages, userOf } from '../pages.ts'

const manager = createSessions({
  appName: 'HONO',
  store: memoryStore(),
  storage: storageOf<{ count?: number }>(),
  guests: 'first-write',
  secureCookie: false, // only for plain http on your own machine
})

const app = new Hono<{ Variables: { session: SessionOf<typeof manager> } }>()
app.use(crossOriginGuard())
app.use(sessions(manager, { address: (_request, c: Context) => getConnInfo(c).remote.address ?? null }))

app.get('/', (c) => c.html(pages.home(c.get('session'))))
app.post('/count', async (c) => {
  await c.get('session').use((storage) => {
    storage.count = (storage.count ?? 0) + 1
  })
  return c.redirect('/', 303)
})

app.get('/account', requireUser({ loginPath: '/login' }), (c) => c.html(pages.account(c.get('session'))))
app.get('/login', (c) => c.html(pages.login(c.req.query('next') ?? '/')))
app.post('/login', async (c) => {
  const form = await c.req.parseBody<LoginForm & Record<string, string>>()
  const user = userOf(form)
  if (!user) return c.html(pages.login(form.next ?? '/'), 422)
  await c.get('session').setPrivileges(user, { login: true })
  return c.redirect(safeNext(form.next) ?? '/', 303)
})
app.post('/logout', async (c) => {
  await c.get('session').close()
  return c.redirect('/', 303)
})

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  process.stdout.write(`http://127.0.0.1:${port}\n`)
})
