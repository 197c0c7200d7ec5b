import type { Exchange } from '../../../src/session/core/exchange.ts'
import type { Sessions, TokenSession } from '../../../src/session/index.ts'
import type { LayerSession, Storage } from '../support/layer.ts'

/** One request of a browser. */
export interface Asked {
  /** The value of the cookie. */
  cookie: string | undefined
  path: string
  method: 'GET' | 'POST'
  /** A navigation, not a fetch by a page. */
  navigates: boolean
  /** A poll: does not count as activity. */
  quiet: boolean
  /** The token of the one-time link that the request opens. */
  link: string | undefined
  replacesUser: boolean
}

/** The session's Set-Cookie headers, and the session of the request at its end. */
export interface Answered {
  setCookies: string[]
  session: LayerSession
}

/** How requests reach the layer. */
export interface Wire {
  /** `page` calls its argument for the request's current session. */
  visit(asked: Asked, page: (current: () => LayerSession) => Promise<void>): Promise<Answered>
  call(authorization: string | undefined, handler: (session: TokenSession<Storage>) => Promise<void>): Promise<void>
  close(): Promise<void>
}

/** Calls the layer directly, without HTTP: a hundred times as many requests in the same time. */
export function directWire(manager: Sessions<Storage>): Wire {
  return {
    async visit(asked, page) {
      let current: LayerSession | undefined
      let setCookie: string | undefined
      const exchange: Exchange = {
        cookieHeader: asked.cookie === undefined ? undefined : `${manager.cookieName}=${asked.cookie}`,
        mayBeginGuest: asked.navigates,
        countsAsActivity: !asked.quiet,
        oneTimeToken: asked.link,
        path: asked.path,
        linkUse: asked.method === 'GET' ? 'open' : 'confirm',
        replacesUser: asked.replacesUser,
        device: 'A browser',
        address: '192.0.2.1',
        headersSent: () => false,
        setCookie: (header) => {
          setCookie = header
        },
        setCurrent: (session) => {
          current = session as LayerSession
        },
        onClose: () => {},
      }
      const first = await manager.resume(exchange)
      await page(() => current ?? first)
      const session = current ?? first
      await session.settled()
      if (manager.beginsAtFirstRequest) await session.beginIfAllowed()
      return { setCookies: setCookie === undefined ? [] : [setCookie], session }
    },
    async call(authorization, handler) {
      const client = { device: 'A program', address: '192.0.2.2', onClose: () => {} }
      await handler(await manager.resumeToken({ authorization, ...client }))
    },
    close: async () => {},
  }
}
