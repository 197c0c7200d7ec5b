import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { encrypt, sessionMiddleware } from 'hono-sessions'

const KEY = 'password_at_least_32_characters_long'

export default function start({ hold, records }) {
  const store = {
    getSessionById: (id) => records.get(id),
    createSession: (id, data) => records.set(id, data),
    persistSessionData: (id, data) => records.set(id, data),
    deleteSession: (id) => records.remove(id),
  }
  const app = new Hono()
  const options = {
    store,
    encryptionKey: KEY,
    expireAfterSeconds: 900,
    cookieOptions: { sameSite: 'Lax', path: '/', httpOnly: true },
  }
  app.use('*', sessionMiddleware(options))
  app.get('/page', async (c) => {
    await hold(c.req.query('before'))
    const body = shown(c)
    await hold(c.req.query('after'))
    return c.json(body)
  })
  app.post('/write', async (c) => {
    const session = c.get('session')
    await hold(c.req.query('before'))
    session.set('items', [...(session.get('items') ?? []), c.req.query('item')])
    await hold(c.req.query('after'))
    return c.json(shown(c))
  })
  app.post('/login', (c) => {
    c.set('session_key_rotation', true)
    c.get('session').set('user', 'ana')
    return c.json(shown(c))
  })
  app.post('/logout', (c) => {
    c.get('session').deleteSession()
    return c.json({})
  })
  const forge = (texts) => Promise.all(texts.map(async (id) => `session=${encodeURIComponent(await encrypt(KEY, id))}`))
  return { listener: getRequestListener(app.fetch), store: records, forge }
}

function shown(c) {
  const session = c.get('session')
  return { user: session.get('user') ?? null, items: session.get('items') ?? [] }
}
