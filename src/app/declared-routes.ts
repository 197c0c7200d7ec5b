import { type Layer, Router, type RouterMiddleware } from '@koa/router'
import type { Context, Next } from 'koa'
import { requireActingUser } from '../crm-session/acting-user.ts'
import { reloadSession, requireSession } from '../crm-session/crm-session.ts'
import type { Privilege } from '../crm-session/privileges.ts'
import { redirectRepeatedForm } from '../crm-session/repeated-form.ts'
import { onlyWhileSignedIn } from '../crm-session/session-events.ts'
import { requirePrivilege, requireUser } from '../session/koa/index.ts'
import { Problem } from '../web/problem.ts'
import { readForm } from '../web/read-form.ts'

/**
 * Who may use a route. `public`: all visitors, even if the server runs without sessions. `visitor`: all visitors, with
 * a session. `token`: requests with a valid one-time token, which the handlers check. `key`: browsers that prove the key
 * of their cookie, which the session layer checks. `user`: signed-in users. A privilege: signed-in users who have it.
 */
type Access = 'public' | 'visitor' | 'token' | 'key' | 'user' | Privilege

type Handler = RouterMiddleware

type NoteRoute = (method: string, path: string, handler: Handler | undefined) => void

export const LOGIN_PATH = '/authenticate.shtml'

const LOGIN = { loginPath: LOGIN_PATH }

/** The routes of the pages. Each route declares its access, which is checked before its handlers run. */
export class DeclaredRoutes {
  readonly router = new Router({ sensitive: true, strict: true })
  readonly #above = new Router({ sensitive: true, strict: true })
  readonly #access = new Map<Layer, Access>()
  readonly #checkAccount: (ctx: Context) => Promise<void>
  readonly #noteRoute: NoteRoute

  /** `checkAccount` reads the account of the session's user again. `noteRoute` is called while a route is declared. */
  constructor(checkAccount: (ctx: Context) => Promise<void> = async () => {}, noteRoute: NoteRoute = () => {}) {
    this.#checkAccount = checkAccount
    this.#noteRoute = noteRoute
  }

  get(path: string, access: Access, ...handlers: Handler[]): void {
    this.#add('get', path, access, [...gatesOf(access), ...handlers])
  }

  /** An event stream. Visitors who are not signed in get status 204, so that browsers do not connect again. */
  events(path: string, access: Access, ...handlers: Handler[]): void {
    this.#add('get', path, access, [onlyWhileSignedIn(), ...gatesOf(access), ...handlers])
  }

  /**
   * A form. The session and the account are read again after the body has arrived, and before the access is checked.
   * The form of a signed-in user must name the user for whom its page was shown.
   */
  post(path: string, access: Access, ...handlers: Handler[]): void {
    this.#addForm(path, access, [], handlers)
  }

  /** A form whose handler rotates the cookie. */
  postRotating(path: string, access: Access, handler: Handler, result = path): void {
    this.#addForm(path, access, [redirectRepeatedForm(result)], [handler])
  }

  #addForm(path: string, access: Access, first: Handler[], handlers: Handler[]): void {
    const readAccount: Handler = async (ctx, next) => {
      await this.#checkAccount(ctx)
      await next()
    }
    const acting = access === 'public' || access === 'visitor' || access === 'token' ? [] : [requireActingUser()]
    this.#add('post', path, access, [
      readForm(),
      ...first,
      reloadSession(),
      readAccount,
      ...acting,
      ...gatesOf(access),
      ...handlers,
    ])
  }

  /** A form that signs devices out. Visitors who are already signed out may send it again. */
  postSignOut(path: string, handler: Handler): void {
    const acting = requireActingUser({ guests: 'pass' })
    this.#add('post', path, 'visitor', [readForm(), reloadSession(), requireSession(), acting, handler])
  }

  /** The form of a one-time link. `keepLink` also handles a form that cannot be read. */
  postLink(path: string, keepLink: Handler, handler: Handler): void {
    this.#add('post', path, 'visitor', [requireSession(), keepLink, readForm(), reloadSession(), handler])
  }

  /** A request that the browser sends without a page. It opens no session, because its cookie cannot be complete yet. */
  postOfBrowser(path: string, handler: Handler): void {
    this.#access.set(this.#above.post(path, handler).stack.at(-1) as Layer, 'key')
  }

  /** A page with other sessions than those of the demo. It opens no session of the demo. */
  getWithoutSession(path: string, handler: Handler): void {
    this.#access.set(this.#above.get(path, handler).stack.at(-1) as Layer, 'public')
  }

  /** Middleware for the routes of `postOfBrowser` and `getWithoutSession`. Mount it above the sessions. */
  aboveSessions(): Handler {
    return this.#above.routes()
  }

  /** Middleware that answers 403 for a route that was added to `router` without an access. */
  refuseUndeclared() {
    return async (ctx: Context, next: Next): Promise<void> => {
      const { route, pathAndMethod } = this.router.match(ctx.path, ctx.method)
      if (route && !pathAndMethod.every((layer) => this.#access.has(layer)))
        throw new Problem(403, 'This page is closed, because src/app/routes.ts does not declare who may use it.')
      await next()
    }
  }

  /** All routes with their access, for the tests and the documentation. */
  list(): { method: string; path: string; access: Access | undefined }[] {
    return [...this.#above.stack, ...this.router.stack].flatMap((layer) =>
      layer.methods.map((method) => ({ method, path: String(layer.path), access: this.#access.get(layer) })),
    )
  }

  #add(method: 'get' | 'post', path: string, access: Access, handlers: Handler[]): void {
    this.router[method](path, ...handlers)
    this.#noteRoute(method, path, handlers.at(-1))
    const layer = this.router.stack.at(-1)
    if (layer !== undefined) this.#access.set(layer, access)
  }
}

function gatesOf(access: Access): Handler[] {
  if (access === 'public' || access === 'token' || access === 'key') return []
  if (access === 'visitor') return [requireSession()]
  return [access === 'user' ? requireUser(LOGIN) : requirePrivilege(access, LOGIN)]
}
