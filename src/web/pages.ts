import { Eta } from 'eta'
import type { Context, Next } from 'koa'

export interface Frame {
  appName: string
  /** False on pages that are shown without a session: they have neither a login nor a logout button. */
  hasSession: boolean
  /** '' for a guest. */
  userName: string
  links: PageLink[]
  /** The user's own pages, beside the name. */
  ownLinks: PageLink[]
  assets: Readonly<Record<string, string>>
  /** A message on top of this page, shown once. */
  message?: string
}

export interface PageLink {
  label: string
  href: string
  /** Whether the shown page is this one, or one below it. */
  current: boolean
}

export interface PageModel {
  /** For the tab and for screen readers. */
  title: string
}

declare module 'koa' {
  interface DefaultContext {
    /** Shown on error pages and in the log. */
    requestId: string
    /** Answers with the page `views/<template>.eta`. The status stays what it was set to, 200 if it was not. */
    show<Model extends PageModel>(template: string, model: Model): void
  }
}

/**
 * Gives handlers `ctx.show`. Templates escape all values. `messageFor` is called after a handler has shown a page, and not for redirects, so
 * that its message is not lost.
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
