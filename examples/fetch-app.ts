import { crossOriginGuard, requireUser, safeNext } from '../src/session/fetch/index.ts'
import { createSessions, type SessionOf, storageOf } from '../src/session/index.ts'
import { memoryStore } from '../src/session/stores/memory/index.ts'
import { type LoginForm, pages, userOf } from './pages.ts'

export const manager = createSessions({
  appName: 'FETCH',
  store: memoryStore(),
  storage: storageOf<{ count?: number }>(),
  guests: 'first-write',
  secureCookie: false, // only for plain http on your own machine
})
const refuseCrossOrigin = crossOriginGuard()
const refuseGuest = requireUser({ loginPath: '/login' })

/** The application of the examples for Bun and Deno, as a handler for `sessionHandler`. */
export async function answer(request: Request, session: SessionOf<typeof manager>): Promise<Response> {
  refuseCrossOrigin(request)
  const { pathname, searchParams } = new URL(request.url)
  switch (`${request.method} ${pathname}`) {
    case 'GET /':
      return page(pages.home(session))
    case 'POST /count':
      await session.use((storage) => {
        storage.count = (storage.count ?? 0) + 1
      })
      return seeOther('/')
    case 'GET /account':
      return refuseGuest(request, session) ?? page(pages.account(session))
    case 'GET /login':
      return page(pages.login(searchParams.get('next') ?? '/'))
    case 'POST /login': {
      const form: LoginForm = Object.fromEntries(new URLSearchParams(await request.text()))
      const user = userOf(form)
      if (!user) return page(pages.login(form.next ?? '/'), 422)
      await session.setPrivileges(user, { login: true })
      return seeOther(safeNext(form.next) ?? '/')
    }
    case 'POST /logout':
      await session.close()
      return seeOther('/')
    default:
      return page('<p>There is no such page.</p>', 404)
  }
}

const page = (html: string, status = 200) => new Response(html, { status, headers: { 'Content-Type': 'text/html' } })
const seeOther = (location: string) => new Response(null, { status: 303, headers: { Location: location } })
