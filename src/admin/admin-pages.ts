import type { Context } from 'koa'
import type { PageModel } from '../web/pages.js'

export interface ComingPage extends PageModel {
  heading: string
  what: string
  points: string[]
}

/** `/admin/*`: the doors are here and locked with WebAdmin; what is behind them comes later. */
export function adminPages() {
  return {
    async sessions(ctx: Context) {
      ctx.show<ComingPage>('admin/coming', {
        title: 'Sessions',
        heading: 'Sessions',
        what: 'This page will show who is signed in, and let you end sessions.',
        points: [
          'every live session: who, since when, last seen, on which devices',
          'ending one session, all of one person, or everybody’s but yours',
          'never a cookie or another secret: sessions are named by their public handle',
        ],
      })
    },
    async audit(ctx: Context) {
      ctx.show<ComingPage>('admin/coming', {
        title: 'Audit',
        heading: 'Audit',
        what: 'This page will show what happened around sign-ins and sessions.',
        points: [
          'sign-ins that worked and those that did not',
          'why sessions ended: log out, timeout, replaced, revoked',
          'what administrators did, and when',
        ],
      })
    },
  }
}
