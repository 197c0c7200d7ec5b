import { H3, useSession } from 'h3'
import { toNodeHandler } from 'h3/node'

const CONFIG = { password: '80d42cfb-1cd2-462c-8f17-e3237d9027e9', cookie: { secure: false } }

export default function start({ hold }) {
  const app = new H3()
  app.get('/page', async (event) => {
    const session = await useSession(event, CONFIG)
    await hold(event.url.searchParams.get('before'))
    await hold(event.url.searchParams.get('after'))
    return shown(session)
  })
  app.post('/write', async (event) => {
    const session = await useSession(event, CONFIG)
    await hold(event.url.searchParams.get('before'))
    await session.update({ items: [...(session.data.items ?? []), event.url.searchParams.get('item')] })
    await hold(event.url.searchParams.get('after'))
    return shown(session)
  })
  app.post('/login', async (event) => {
    const session = await useSession(event, CONFIG)
    await session.update({ user: 'ana' })
    return shown(session)
  })
  app.post('/logout', async (event) => {
    const session = await useSession(event, CONFIG)
    await session.clear()
    return {}
  })
  return { listener: toNodeHandler(app) }
}

function shown({ data: { user = null, items = [] } }) {
  return { user, items }
}
