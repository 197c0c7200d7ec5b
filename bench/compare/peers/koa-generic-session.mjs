import Keygrip from 'keygrip'
import Koa from 'koa'
import session from 'koa-generic-session'

const KEYS = ['keys', 'keykeys']

export default function start({ hold, records }) {
  const store = {
    get: (sid) => records.get(sid),
    set: (sid, value) => records.set(sid, value),
    destroy: (sid) => records.remove(sid),
  }
  const pages = {
    '/page': () => {},
    '/write': (ctx) => {
      ctx.session.items = [...(ctx.session.items ?? []), ctx.query.item]
    },
    '/login': async (ctx) => {
      await ctx.regenerateSession()
      ctx.session.user = 'ana'
    },
    '/logout': (ctx) => {
      ctx.session = null
    },
  }
  const app = new Koa()
  app.silent = true
  app.keys = KEYS
  app.use(session({ store }))
  app.use(async (ctx) => {
    await hold(ctx.query.before)
    await pages[ctx.path](ctx)
    const { user = null, items = [] } = ctx.session ?? {}
    await hold(ctx.query.after)
    ctx.body = { user, items }
  })
  return { listener: app.callback(), store: records, forge: (texts) => texts.map(signed) }
}

function signed(id) {
  return `koa.sid=${id}; koa.sid.sig=${new Keygrip(KEYS).sign(`koa.sid=${id}`)}`
}
