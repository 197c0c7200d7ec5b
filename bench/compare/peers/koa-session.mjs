import Keygrip from 'keygrip'
import Koa from 'koa'
import session from 'koa-session'

const KEYS = ['some secret hurr']

export default function start({ hold, records }) {
  const store = {
    get: (key) => records.get(key),
    set: (key, value) => records.set(key, value),
    destroy: (key) => records.remove(key),
  }
  const pages = {
    '/page': () => {},
    '/write': (ctx) => {
      ctx.session.items = [...(ctx.session.items ?? []), ctx.query.item]
    },
    '/login': async (ctx) => {
      await ctx.session.regenerate()
      ctx.session.user = 'ana'
    },
    '/logout': (ctx) => {
      ctx.session = null
    },
  }
  const app = new Koa()
  app.silent = true
  app.keys = KEYS
  app.use(session({ store }, app))
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
  return `koa.sess=${id}; koa.sess.sig=${new Keygrip(KEYS).sign(`koa.sess=${id}`)}`
}
