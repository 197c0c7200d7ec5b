import { getIronSession } from 'iron-session'

const OPTIONS = {
  password: 'a password with at least 32 characters',
  cookieName: 'session',
  cookieOptions: { secure: false },
}

export default function start({ hold }) {
  const pages = {
    '/page': () => {},
    '/write': async (session, item) => {
      session.items = [...(session.items ?? []), item]
      await session.save()
    },
    '/login': async (session) => {
      session.user = 'ana'
      await session.save()
    },
    '/logout': (session) => session.destroy(),
  }
  return {
    async listener(request, response) {
      const { pathname, searchParams } = new URL(request.url, 'http://localhost')
      const session = await getIronSession(request, response, OPTIONS)
      await hold(searchParams.get('before'))
      await pages[pathname](session, searchParams.get('item'))
      const { user = null, items = [] } = session
      await hold(searchParams.get('after'))
      response.end(JSON.stringify({ user, items }))
    },
  }
}
