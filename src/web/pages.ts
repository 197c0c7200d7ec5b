import { Eta } from 'eta'
import type { Context, Next } from 'koa'

/** What every page has around its content. */
export interface Frame {
  appName: string
  /** Whether it is known who asks: not on pages that are above sessions, which speak neither of logging in nor out. */
  knowsWho: boolean
  /** Who is signed in; '' for a guest. */
  userName: string
  links: PageLink[]
  /** What belongs to whoever is signed in, beside his name. */
  ownLinks: PageLink[]
  assets: Readonly<Record<string, string>>
}

export interface PageLink {
  label: string
  href: string
  /** The page that is shown is this one, or one below it. */
  current: boolean
}

/** What every page's model has at least. */
export interface PageModel {
  /** For the tab and for people who listen to pages. */
  title: string
}

declare module 'koa' {
  interface DefaultContext {
    /** Shown on error pages, and on the request's line in the log. */
    requestId: string
    /** Answers with the page `views/<template>.eta`. The status stays what it was set to, 200 if it was not. */
    show<Model extends PageModel>(template: string, model: Model): void
  }
}

/** Gives handlers `ctx.show`. Values are escaped where templates print them; `frame` is asked anew for each page. */
export function pages(folder: string, frame: (ctx: Context) => Frame) {
  const eta = new Eta({ views: folder, cache: true, autoEscape: true })
  return async function pages(ctx: Context, next: Next) {
    ctx.show = (template, model) => {
      ctx.body = eta.render(template, { ...model, frame: frame(ctx) })
      ctx.type = 'text/html; charset=utf-8'
    }
    await next()
  }
}
