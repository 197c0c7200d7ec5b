import { getRequestListener } from '@hono/node-server'
import { useSession, useSessionStorage } from '@hono/session'
import { createEncryptionKey, jweEncrypt } from '@hono/session/cookies'
import { Hono } from 'hono'

const SECRET = 'a secret of 32 characters or more for the sessions'

export default function start({ hold, records }) {
  const storage = {
    get: (sid) => records.get(sid),
    set: (sid, value) => records.set(sid, value),
    delete: (sid) => records.remove(sid),
  }
  const app = new Hono()
  app.use(useSessionStorage(storage), useSession({ secret: SECRET }))
  app.get('/page', async (c) => {
    await hold(c.req.query('before'))
    const { user = null, items = [] } = (await c.var.session.get()) ?? {}
    await hold(c.req.query('after'))
    return c.json({ user, items })
  })
  app.post('/write', async (c) => {
    await hold(c.req.query('before'))
    const item = c.req.query('item')
    await c.var.session.update((kept) => ({ ...kept, items: [...(kept?.items ?? []), item] }))
    await hold(c.req.query('after'))
    return c.json({})
  })
  // The library has no call that replaces the ID of a live session.
  app.post('/login', async (c) => {
    await c.var.session.update((kept) => ({ ...kept, user: 'ana' }))
    return c.json({})
  })
  app.post('/logout', async (c) => {
    await c.var.session.get()
    c.var.session.delete()
    return c.json({})
  })
  const forge = async (texts) => {
    const key = await createEncryptionKey(SECRET)
    return Promise.all(texts.map(async (sid) => `sid=${(await jweEncrypt({ sid }, key)).jwe}`))
  }
  return { listener: getRequestListener(app.fetch), store: records, forge }
}
