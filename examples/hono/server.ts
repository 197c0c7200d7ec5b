import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { type Context, Hono } from 'hono'
import { html } from 'hono/html'
import { crossOriginGuard, requireUser, safeNext, sessions } from '../../src/session/fetch/hono.ts'
import { createSessions, type SessionOf, storageOf } from '../../src/session/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'

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

app.get('/', (c) => {
  const { userName, storage } = c.get('session')
  return c.html(html`<p>${userName || 'A guest'} counted to <b>${storage.count ?? 0}</b>.</p>
    <form method="post" action="/count"><button>Count</button></form>
    <p><a href="/account">Account</a></p>`)
})

app.post('/count', async (c) => {
  await c.get('session').use((storage) => {
    storage.count = (storage.count ?? 0) + 1
  })
  return c.redirect('/', 303)
})

app.get('/account', requireUser({ loginPath: '/login' }), (c) =>
  c.html(html`<p>This is the account of ${c.get('session').userName}.</p>
    <form method="post" action="/logout"><button>Log out</button></form>`),
)

app.get('/login', (c) => c.html(loginForm(c.req.query('next'))))
app.post('/login', async (c) => {
  const { userName, password, next } = await c.req.parseBody<Record<string, string>>()
  // In your application, compare the password with a hash.
  if (!userName || password !== 'demo') return c.html(loginForm(next), 422)
  await c.get('session').setPrivileges({ userId: userName.toLowerCase(), userName }, { login: true })
  return c.redirect(safeNext(next) ?? '/', 303)
})

app.post('/logout', async (c) => {
  await c.get('session').close()
  return c.redirect('/', 303)
})

const loginForm = (next = '/') => html`<form method="post" action="/login">
  <input name="userName" placeholder="Name" required> <input name="password" type="password" placeholder="demo" required>
  <input name="next" type="hidden" value="${next}"> <button>Log in</button>
</form>`

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  process.stdout.write(`http://127.0.0.1:${port}\n`)
})
