import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import fastify from 'fastify'

const SECRET = 'a secret with minimum length of 32 characters'

export default async function start({ hold, records }) {
  const store = {
    get: (id, done) => void records.get(id).then((value) => done(null, value), done),
    set: (id, value, done) => void records.set(id, value).then(() => done(null), done),
    destroy: (id, done) => void records.remove(id).then(() => done(null), done),
  }
  const app = fastify()
  app.register(fastifyCookie)
  app.register(fastifySession, { secret: SECRET, saveUninitialized: false, cookie: { secure: false }, store })
  app.get('/page', async ({ query, session }) => {
    await hold(query.before)
    await hold(query.after)
    return shown(session)
  })
  app.post('/write', async ({ query, session }) => {
    await hold(query.before)
    session.items = [...(session.items ?? []), query.item]
    await hold(query.after)
    return shown(session)
  })
  app.post('/login', async (request) => {
    await request.session.regenerate()
    request.session.user = 'ana'
    return shown(request.session)
  })
  app.post('/logout', async (request) => {
    await request.session.destroy()
    return {}
  })
  await app.ready()
  const forge = (texts) => texts.map((id) => `sessionId=${encodeURIComponent(fastifyCookie.sign(id, SECRET))}`)
  return { listener: (request, response) => app.routing(request, response), store: records, forge }
}

function shown({ user = null, items = [] }) {
  return { user, items }
}
