import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { createSessions, type SessionOf, storageOf } from '../../src/session/index.ts'
import { crossOriginGuard, requireUser, safeNext, sessions } from '../../src/session/koa/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { pages, readForm, userOf } from '../pages.ts'

const manager = createSessions({
  appName: 'KOA',
  store: memoryStore(),
  storage: storageOf<{ count?: number }>(),
  guests: 'first-write',
  secureCookie: false, // only for plain http on your own machine
})

const mayViewAccount = requireUser({ loginPath: '/login' })
const app = new Koa<Koa.DefaultState, { readonly session: SessionOf<typeof manager> }>()
app.use(crossOriginGuard()).use(sessions(manager))
app.use((ctx, next) => (ctx.path === '/account' ? mayViewAccount(ctx, next) : next()))
app.use(async (ctx) => {
  const { session } = ctx
  switch (`${ctx.method} ${ctx.path}`) {
    case 'GET /':
      return show(ctx, pages.home(session))
    case 'POST /count':
      await session.use((storage) => {
        storage.count = (storage.count ?? 0) + 1
      })
      return seeOther(ctx, '/')
    case 'GET /account':
      return show(ctx, pages.account(session))
    case 'GET /login':
      return show(ctx, pages.login(String(ctx.query.next ?? '/')))
    case 'POST /login': {
      const form = await readForm(ctx.req)
      const user = userOf(form)
      if (!user) return show(ctx, pages.login(form.next ?? '/'), 422)
      await session.setPrivileges(user, { login: true })
      return seeOther(ctx, safeNext(form.next) ?? '/')
    }
    case 'POST /logout':
      await session.close()
      return seeOther(ctx, '/')
  }
})

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.once('SIGTERM', () => server.close(() => void manager.close()))

function show(ctx: Pick<Koa.Context, 'status' | 'body'>, html: string, status = 200): void {
  ctx.status = status
  ctx.body = html
}

function seeOther(ctx: Pick<Koa.Context, 'status' | 'redirect'>, location: string): void {
  ctx.status = 303
  ctx.redirect(location)
}
