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
  /** What has to be told on top of this page, and only once. */
  message?: string
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

/**
 * Gives handlers `ctx.show`. Values are escaped where templates print them; `frame` is asked anew for each page. `messageFor` is asked when
 * the handler is done and has shown a page, and not for redirects, so that nothing it takes is lost on the way.
 */
export function pages(
  folder: string,
  frame: (ctx: Context) => Frame,
  messageFor: (ctx: Context) => Promise<string> = async () => '',
) {
  const eta = new Eta({ views: folder, cache: true, autoEscape: true })
  return async function pages(ctx: Context, next: Next) {
    let shown: { page: string; showWith(message: string): void } | undefined
    ctx.show = (template, model) => {
      const showWith = (message: string) => {
        const page = eta.render(template, { ...model, frame: { ...frame(ctx), message } })
        ctx.body = page
        ctx.type = 'text/html; charset=utf-8'
        shown = { page, showWith }
      }
      showWith('')
    }
    await next()
    if (shown === undefined || ctx.body !== shown.page) return
    // A message that cannot be read now waits for the next page.
    const message = await messageFor(ctx).catch(() => '')
    if (message !== '') shown.showWith(message)
  }
}
