import type { ServerResponse } from 'node:http'
import { createSessions, storageOf } from '../../src/session/index.ts'
import { crossOriginGuard, requireUser, safeNext, sessionHandler } from '../../src/session/node-http/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { pages, readForm, userOf } from '../pages.ts'

export const manager = createSessions({
  appName: 'NODE',
  store: memoryStore(),
  storage: storageOf<{ count?: number }>(),
  guests: 'first-write',
  secureCookie: false, // only for plain http on your own machine
})
const refuseCrossOrigin = crossOriginGuard()
const mayViewAccount = requireUser({ loginPath: '/login' })

export const listener = sessionHandler(manager, async (req, res, session) => {
  refuseCrossOrigin(req)
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost')
  switch (`${req.method} ${pathname}`) {
    case 'GET /':
      return send(res, pages.home(session))
    case 'POST /count':
      await session.use((storage) => {
        storage.count = (storage.count ?? 0) + 1
      })
      return redirect(res, '/')
    case 'GET /account':
      return mayViewAccount(req, res) && send(res, pages.account(session))
    case 'GET /login':
      return send(res, pages.login(searchParams.get('next') ?? '/'))
    case 'POST /login': {
      const form = await readForm(req)
      const user = userOf(form)
      if (!user) return send(res, pages.login(form.next ?? '/'), 422)
      await session.setPrivileges(user, { login: true })
      return redirect(res, safeNext(form.next) ?? '/')
    }
    case 'POST /logout':
      await session.close()
      return redirect(res, '/')
  }
  return send(res, 'There is no such page.', 404)
})

function send(res: ServerResponse, html: string, status = 200): void {
  res.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' }).end(html)
}

function redirect(res: ServerResponse, location: string): void {
  res.writeHead(303, { Location: location }).end()
}
