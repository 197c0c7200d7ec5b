import { Buffer, transcode } from 'node:buffer'
import { Eta } from 'eta'
import type { Context, Next } from 'koa'

export interface Frame {
  appName: string
  /** False on a page without a session. Such a page has neither a login nor a logout button. */
  hasSession: boolean
  /** Empty for a guest. */
  userName: string
  /** The id of the user for whom the page is shown. '' for a guest. */
  userId: string
  /** What the user enters to log in, for password managers. '' for a guest. */
  loginName: string
  /** Identifies the session, so that the page notices when the browser has another session or user. */
  sessionMark: string
  /** How long the session lives without further requests, for the page's warning. '' for a guest. */
  sessionLeft: string
  links: PageLink[]
  ownLinks: PageLink[]
  footerLinks: readonly Omit<PageLink, 'current'>[]
  /** The short ID of the session, with its colours and the address of the inspector. Only the demo shows it. */
  chip: { shortId: string; colours: readonly string[]; href: string } | undefined
  /** The chosen theme. '' for the theme of the system. */
  theme: string
  /** The page to which the form of the theme returns. '' if this page has no such form. */
  themePage: string
  /** Only on a public demo. */
  publicDemo:
    | {
        /** The countdown to the next reset of all data. */
        reset: { secondsLeft: number; noticeSeconds: number; left: string; at: string; isSoon: boolean }
        /** Why the form of this page cannot be sent. '' when it can. */
        refusal: string
        /** Whether the user has an account of the demo, which all visitors share. */
        isShared: boolean
      }
    | undefined
  /** The bar of the tour. Only the demo shows it, on the pages of the tour. */
  tour: TourBar | undefined
  assets: Readonly<Record<string, string>>
  /** Whether the page shows why a form was refused. */
  isRefusal: boolean
  message?: Message | undefined
}

/** What a step of the tour says on one of its pages. */
export interface TourBar {
  number: number
  /** The number of steps. */
  count: number
  title: string
  text: string
  /** `undefined` if a login leads to the next step, and on the last step. */
  next: { number: number; title: string } | undefined
  isLast: boolean
  /** Whether the step offers a one-time link. */
  makesLink: boolean
  /** The page that the visitor sees after the end of the tour. */
  page: string
}

/** A notice at the top of a page. */
export interface Message {
  title: string
  text: string
}

export interface PageLink {
  label: string
  href: string
  /** Whether the link leads to the shown page, or to a page above it. */
  current: boolean
}

export interface PageModel {
  title: string
}

declare module 'koa' {
  interface DefaultContext {
    requestId: string
    /** Responds with the page `views/<template>.eta`. The status is 200 unless it was set before. */
    show<Model extends PageModel>(template: string, model: Model): void
  }
}

/** `messageFor` may remove the message that it returns, so it is called only when a page is shown. */
export function pages(
  folder: string,
  frame: (ctx: Context) => Frame,
  messageFor: (ctx: Context) => Promise<Message | undefined> = async () => undefined,
) {
  const eta = new Eta({ views: folder, cache: true, autoEscape: true })
  resolveOnce(eta)
  return async function pages(ctx: Context, next: Next) {
    let shown: { page: Buffer; showWith(message?: Message): void } | undefined
    ctx.show = (template, model) => {
      ctx.body = '' // Sets the status, which the frame reads.
      const showWith = (message?: Message) => {
        const page = encodeUtf8(eta.render(template, { ...model, frame: { ...frame(ctx), message } }))
        ctx.type = 'text/html; charset=utf-8'
        ctx.body = page
        shown = { page, showWith }
      }
      showWith()
    }
    await next()
    if (shown === undefined || ctx.body !== shown.page) return
    // A message that cannot be read now is shown on the next page.
    const message = await messageFor(ctx).catch(() => undefined)
    if (message !== undefined) shown.showWith(message)
  }
}

/** Eta resolves the name of a template again for each part of each page. Files do not move while the server runs. */
function resolveOnce(eta: Eta): void {
  const { resolvePath } = eta
  const files = new Map<string, string>()
  eta.resolvePath = (template, options) => {
    // A relative name depends on the file that includes the template.
    const name = `${options?.filepath} ${template}`
    const file = files.get(name) ?? resolvePath.call(eta, template, options)
    files.set(name, file)
    return file
  }
}

/** Node converts UTF-16 to UTF-8 several times as fast as it writes a text with a character such as “€”. */
function encodeUtf8(text: string): Buffer {
  try {
    return transcode(Buffer.from(text, 'utf16le'), 'utf16le', 'utf8')
  } catch {
    // The text has a lone surrogate. It is sent as the replacement character.
    return Buffer.from(text)
  }
}
