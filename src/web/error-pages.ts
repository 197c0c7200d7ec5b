import { STATUS_CODES } from 'node:http'
import type { Context, Next } from 'koa'
import type { Logger } from 'pino'

/** What an error page says. */
export interface ErrorPage {
  title: string
  text: string
  /** What the visitor may do now. */
  action?: { label: string; href: string }
}

interface Failure {
  status: number
  message: string
  expose: boolean
  headers: Record<string, string>
}

const HOME = { label: 'Go to the start page', href: '/' }

const KNOWN: Record<number, ErrorPage> = {
  400: { title: 'That request could not be read', text: 'Something in it was malformed. Go back and try again.' },
  403: { title: 'Not allowed', text: 'You may not open this page.' },
  404: {
    title: 'Page not found',
    text: 'There is nothing at this address. It may have moved, or the link was mistyped.',
  },
  405: { title: 'That does not work here', text: 'This address exists, but not for this kind of request.' },
  409: { title: 'That is over already', text: 'Somebody was quicker. Look again how it stands now.' },
  413: { title: 'That was too much', text: 'The request was larger than this server accepts. Send less.' },
  415: { title: 'That format is not understood', text: 'Send the form as a browser does.' },
  422: {
    title: 'That cannot be taken as it is',
    text: 'Something in this form is missing or wrong. Go back and mend it.',
  },
  429: { title: 'Too many attempts', text: 'Wait a while, then try again.' },
  500: { title: 'Something went wrong on our side', text: 'It was noted. Please try again in a moment.' },
  501: { title: 'That method is unknown', text: 'This server does not know this kind of request.' },
  503: { title: 'Not available right now', text: 'The server cannot do this at the moment. Please try again shortly.' },
}

/**
 * Turns whatever goes wrong below into a page, or into JSON or plain text for those who ask for it. Visitors never
 * see a stack; the log does. Headers that were set before, a session cookie among them, stay.
 * `word` finds words for the errors that only the application knows.
 */
export function errorPages(log: Logger, word: (error: unknown) => ErrorPage | undefined) {
  return async function errorPages(ctx: Context, next: Next) {
    try {
      await next()
      if (ctx.status >= 400 && (ctx.body === undefined || ctx.body === null))
        answer(ctx, ctx.status, pageFor(ctx.status))
    } catch (error) {
      const failure = readFailure(error)
      report(ctx, failure, error)
      ctx.set(failure.headers)
      answer(ctx, failure.status, word(error) ?? pageFor(failure.status, failure.expose ? failure.message : undefined))
    }
  }

  /** Our own faults with their stack; what is not available, with what caused it; what visitors did as a note. */
  function report({ requestId }: Context, { status, message: reason }: Failure, error: unknown): void {
    if (status === 503) log.warn({ requestId, status, reason, err: Object(error).cause }, 'not available')
    else if (status >= 500) log.error({ requestId, status, err: error }, 'request failed')
    else log.info({ event: 'refused', requestId, status, reason }, 'request refused')
  }

  function answer(ctx: Context, status: number, page: ErrorPage): void {
    ctx.status = status
    ctx.remove('ETag')
    switch (ctx.accepts('html', 'json', 'text')) {
      case 'json':
        ctx.body = { error: { status, title: page.title, message: page.text, requestId: ctx.requestId } }
        return
      case 'html':
        showPage(ctx, status, page)
        return
      default:
        showText(ctx, page)
    }
  }

  function showPage(ctx: Context, status: number, page: ErrorPage): void {
    const requestId = status >= 500 ? ctx.requestId : ''
    try {
      ctx.show('error', { title: page.title, page: { ...page, action: page.action ?? HOME }, status, requestId })
    } catch (error) {
      log.error({ requestId: ctx.requestId, err: error }, 'the error page itself failed')
      showText(ctx, page)
    }
  }
}

function showText(ctx: Context, { title, text }: ErrorPage): void {
  ctx.type = 'text/plain'
  ctx.body = `${title}\n${text}\n`
}

function pageFor(status: number, message?: string): ErrorPage {
  const known = KNOWN[status] ?? { title: STATUS_CODES[status] ?? 'That did not work', text: 'Go back and try again.' }
  return message === undefined ? known : { ...known, text: message }
}

/** Reads what Koa, http-errors and our own errors agree on. Anything without a status is our fault: 500. */
function readFailure(error: unknown): Failure {
  const { status, statusCode, expose, message, headers } = Object(error) as Record<string, unknown>
  const code = [status, statusCode].find(
    (value): value is number => Number.isInteger(value) && STATUS_CODES[Number(value)] !== undefined,
  )
  return {
    status: code !== undefined && code >= 400 ? code : 500,
    message: typeof message === 'string' ? message : '',
    expose: expose === true && typeof message === 'string' && message !== '' && isForPeople(error),
    headers: typeof headers === 'object' && headers !== null ? (headers as Record<string, string>) : {},
  }
}

/** Messages of http-errors ("request entity too large") are for developers; only sentences are shown. */
function isForPeople(error: unknown): boolean {
  return error instanceof Error && /^[A-Z].*[.!?]$/s.test(error.message)
}
