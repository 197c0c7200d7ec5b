import { STATUS_CODES } from 'node:http'
import type { Context, Next } from 'koa'
import type { Logger } from 'pino'
import { readFailure, reportFailure } from './failure.ts'
import { Problem, type ProblemAction } from './problem.ts'

export interface ErrorPage {
  title: string
  text: string
  action?: ProblemAction | undefined
}

const HOME = { label: 'Go to the start page', href: '/' }

const KNOWN: Record<number, ErrorPage> = {
  400: { title: 'That request could not be read', text: 'The request is malformed. Go back and try again.' },
  403: { title: 'Not allowed', text: 'You may not open this page.' },
  404: {
    title: 'Page not found',
    text: 'There is nothing at this address. It may have moved, or the link was mistyped.',
  },
  405: { title: 'That does not work here', text: 'This address exists, but not for this kind of request.' },
  409: {
    title: 'Already changed',
    text: 'Something changed in the meantime. Reload the page to see the current state.',
  },
  413: { title: 'Request too large', text: 'The request was larger than this server accepts. Send less.' },
  415: { title: 'Unsupported format', text: 'Send a plain form, as a browser does.' },
  422: {
    title: 'The form is not valid',
    text: 'Something in this form is missing or wrong. Go back and correct it.',
  },
  429: { title: 'Too many attempts', text: 'Wait a while, then try again.' },
  500: { title: 'Something went wrong on our side', text: 'The error was logged. Please try again in a moment.' },
  501: { title: 'Unknown method', text: 'This server does not know this kind of request.' },
  503: { title: 'Not available right now', text: 'The server cannot do this at the moment. Please try again shortly.' },
}

/**
 * Responds with a page, JSON or plain text. Headers that were set before the error, such as the session cookie, are
 * still sent. `describe` returns the page of an error that is specific to the application.
 */
export function errorPages(log: Logger, describe: (error: unknown, ctx: Context) => ErrorPage | undefined) {
  return async function errorPages(ctx: Context, next: Next) {
    try {
      await next()
      if (ctx.status >= 400 && (ctx.body === undefined || ctx.body === null))
        answer(ctx, ctx.status, pageFor(ctx.status))
    } catch (error) {
      const failure = readFailure(error)
      reportFailure(log, ctx, failure, error)
      ctx.set(failure.headers)
      const known = pageFor(failure.status, failure.expose ? failure.message : undefined)
      if (error instanceof Problem) known.action = error.action
      answer(ctx, failure.status, describe(error, ctx) ?? known)
    }
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
  return { ...known, ...(message !== undefined && { text: message }) }
}
