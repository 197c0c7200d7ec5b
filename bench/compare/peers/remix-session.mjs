import { getRequestListener } from '@hono/node-server'
import { createCookie } from '@remix-run/cookie'
import { createRouter } from '@remix-run/fetch-router'
import { createSession, Session } from '@remix-run/session'
import { session } from '@remix-run/session-middleware'

export default function start({ hold, records }) {
  const cookie = createCookie('__session', { secrets: ['s3cr3t'], httpOnly: true, sameSite: 'lax' })
  const router = createRouter({ middleware: [session(cookie, storageOf(records))] })
  router.get('/page', async ({ get, url }) => {
    await hold(url.searchParams.get('before'))
    await hold(url.searchParams.get('after'))
    return Response.json(shown(get(Session)))
  })
  router.post('/write', async ({ get, url }) => {
    const own = get(Session)
    await hold(url.searchParams.get('before'))
    own.set('items', [...(own.get('items') ?? []), url.searchParams.get('item')])
    await hold(url.searchParams.get('after'))
    return Response.json(shown(own))
  })
  router.post('/login', ({ get }) => {
    const own = get(Session)
    own.regenerateId(true)
    own.set('user', 'ana')
    return Response.json(shown(own))
  })
  router.post('/logout', ({ get }) => {
    get(Session).destroy()
    return Response.json({})
  })
  const forge = (texts) => Promise.all(texts.map(async (id) => (await cookie.serialize(id)).split(';')[0]))
  return { listener: getRequestListener((request) => router.fetch(request)), store: records, forge }
}

function shown(own) {
  return { user: own.get('user') ?? null, items: own.get('items') ?? [] }
}

/** Works like the library's own memory storage, but stores the data in `SlowRecords`. */
function storageOf(records) {
  return {
    async read(id) {
      const data = id ? await records.get(id) : undefined
      return data ? createSession(id, data) : createSession()
    },
    async save(own) {
      if (own.deleteId) await records.remove(own.deleteId)
      if (own.destroyed) {
        await records.remove(own.id)
        return ''
      }
      if (!own.dirty) return null
      await records.set(own.id, own.data)
      return own.id
    },
  }
}
