import { crossOriginGuard, requireUser, safeNext, sessionHandler } from '../../src/session/fetch/index.ts'
import { createSessions, storageOf } from '../../src/session/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'

const manager = createSessions({
  appName: 'DENO',
  store: memoryStore(),
  storage: storageOf<{ count?: number }>(),
  guests: 'first-write',
  secureCookie: false, // only for plain http on your own machine
})
const refuseCrossOrigin = crossOriginGuard()
const refuseGuest = requireUser({ loginPath: '/login' })

const answer = sessionHandler(
  manager,
  async (request, session) => {
    refuseCrossOrigin(request)
    const { pathname, searchParams } = new URL(request.url)
    switch (`${request.method} ${pathname}`) {
      case 'GET /':
        return page(`<p>${escapeHtml(session.userName || 'A guest')} counted to <b>${session.storage.count ?? 0}</b>.</p>
          <form method="post" action="/count"><button>Count</button></form><p><a href="/account">Account</a></p>`)
      case 'POST /count':
        await session.use((storage) => {
          storage.count = (storage.count ?? 0) + 1
        })
        return seeOther('/')
      case 'GET /account':
        return (
          refuseGuest(request, session) ??
          page(`<p>This is the account of ${escapeHtml(session.userName)}.</p>
          <form method="post" action="/logout"><button>Log out</button></form>`)
        )
      case 'GET /login':
        return page(loginForm(searchParams.get('next')))
      case 'POST /login': {
        const form = Object.fromEntries(await request.formData()) as Record<string, string | undefined>
        // In your application, compare the password with a hash.
        if (!form.userName || form.password !== 'demo') return page(loginForm(form.next), 422)
        const { userName } = form
        await session.setPrivileges({ userId: userName.toLowerCase(), userName }, { login: true })
        return seeOther(safeNext(form.next) ?? '/')
      }
      case 'POST /logout':
        await session.close()
        return seeOther('/')
      default:
        return page('<p>There is no such page.</p>', 404)
    }
  },
  { address: (_request, { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>) => remoteAddr.hostname },
)

const page = (html: string, status = 200) => new Response(html, { status, headers: { 'Content-Type': 'text/html' } })
const seeOther = (location: string) => new Response(null, { status: 303, headers: { Location: location } })
const loginForm = (next: string | null = '/') => `<form method="post">
  <input name="userName" placeholder="Name" required> <input name="password" type="password" placeholder="demo" required>
  <input name="next" type="hidden" value="${escapeHtml(next ?? '/')}"> <button>Log in</button></form>`

const escapeHtml = (text: string) => text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`)

const onListen = ({ port }: { port: number }) => console.log(`http://127.0.0.1:${port}`)
Deno.serve({ hostname: '127.0.0.1', port: Number(Deno.env.get('PORT') ?? 3000), onListen }, answer)
