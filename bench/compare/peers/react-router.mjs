import { randomUUID } from 'node:crypto'
import { getRequestListener } from '@hono/node-server'
import { createCookie, createSessionStorage } from 'react-router'

export default function start({ hold, records }) {
  const cookie = createCookie('__session', { httpOnly: true, path: '/', sameSite: 'lax', secrets: ['s3cret1'] })
  const { getSession, commitSession, destroySession } = createSessionStorage({
    cookie,
    async createData(data) {
      const id = randomUUID()
      await records.set(id, data)
      return id
    },
    readData: async (id) => (await records.get(id)) ?? null,
    // As in the example of the documentation, `updateData` changes only a record that exists.
    updateData: (id, data) => records.update(id, data),
    deleteData: (id) => records.remove(id),
  })

  const pages = {
    '/page': () => undefined,
    '/write': (session, item) => {
      session.set('items', [...(session.get('items') ?? []), item])
      return commitSession
    },
    // As in the "Login form example" of the documentation. The library has no call that replaces the session ID.
    '/login': (session) => {
      session.set('user', 'ana')
      return commitSession
    },
    '/logout': () => destroySession,
  }
  async function answer(request) {
    const { pathname, searchParams } = new URL(request.url)
    const session = await getSession(request.headers.get('Cookie'))
    await hold(searchParams.get('before'))
    const commit = pages[pathname](session, searchParams.get('item'))
    await hold(searchParams.get('after'))
    const headers = commit ? { 'Set-Cookie': await commit(session) } : {}
    return Response.json({ user: session.get('user') ?? null, items: session.get('items') ?? [] }, { headers })
  }
  const forge = (texts) => Promise.all(texts.map(async (id) => (await cookie.serialize(id)).split(';')[0]))
  return { listener: getRequestListener(answer), store: records, forge }
}
