import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { createSessions, SessionError, type SessionOf, storageOf } from '../../src/session/index.ts'
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

declare module 'koa' {
  interface DefaultContext {
    readonly session: SessionOf<typeof manager>
  }
}

type Page = (ctx: Koa.Context) => unknown
const PAGES: Record<string, Page> = {
  'GET /': ({ session }) => pages.home(session),
  'POST /count': async (ctx) => {
    await ctx.session.use((storage) => {
      storage.count = (storage.count ?? 0) + 1
    })
    ctx.redirect('/')
  },
  'GET /account': ({ session }) => pages.account(session),
  'GET /login': ({ query }) => pages.login(String(query.next ?? '/')),
  'POST /login': async (ctx) => {
    const form = await readForm(ctx.req)
    const user = userOf(form)
    if (!user) {
      ctx.status = 422
      return pages.login(form.next ?? '/')
    }
    await ctx.session.setPrivileges(user, { login: true })
    return ctx.redirect(safeNext(form.next) ?? '/')
  },
  'POST /logout': async (ctx) => {
    await ctx.session.close()
    ctx.redirect('/')
  },
}
const mayViewAccount = requireUser({ loginPath: '/login' })

const app = new Koa()
app.use(crossOriginGuard())
app.use(sessions(manager))
app.use((ctx, next) => (ctx.path === '/account' ? mayViewAccount(ctx, next) : next()))
app.use(async (ctx) => {
  const page = PAGES[`${ctx.method} ${ctx.path}`]
  if (ctx.method === 'POST') ctx.status = 303
  const html = await page?.(ctx)
  if (typeof html === 'string') ctx.body = html
})
app.on('error', (error) => error instanceof SessionError || process.emitWarning(error))

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.once('SIGTERM', () => server.close(() => void manager.close()))
