import type { Context, Next } from 'koa'
import type { Clock } from '../session/index.ts'
import { sessionLeft } from './session-left.ts'
import { ACTING_USER_FIELD, dropUnsentForm, showUnsentForm, unsentFormOf } from './unsent-form.ts'

/** Responses carry the session of the browser in this header, so that an open page notices another session or user. */
const SESSION_HEADER = 'Session-User'
const LEFT_HEADER = 'Session-Left'

/**
 * Refuses a form if another user, or no user, was signed in when its page was shown. Shows the form again with status
 * 409. `guests: 'pass'`: the handler also gets the forms of visitors who are no longer signed in.
 */
export function requireActingUser({ guests = 'refuse' }: { guests?: 'refuse' | 'pass' } = {}) {
  return async function requireActingUser(ctx: Context, next: Next) {
    if (ctx.session === null) return next()
    const { userId } = ctx.session
    if (userId === undefined && guests === 'pass') return next()
    const { [ACTING_USER_FIELD]: actingUser, wasUnsent } = Object(ctx.request.body) as Record<string, unknown>
    if (userId === undefined || actingUser !== userId) {
      ctx.status = 409
      return showUnsentForm(ctx, unsentFormOf(ctx))
    }
    await next()
    if (wasUnsent !== undefined && ctx.status < 400 && ctx.session?.userId === userId) await dropUnsentForm(ctx.session)
  }
}

/**
 * Identifies the session and the user of this browser. '' for a guest, and for a session that this browser has only for
 * one request.
 */
export function sessionMark({ session, state }: Context): string {
  if (!session || state.hidesSession === true || session.userId === undefined) return ''
  return session.deviceHandle === undefined ? '' : `${session.id} ${encodeURIComponent(session.userId)}`
}

export function markSession(clock: Pick<Clock, 'now'>) {
  return async function markSession(ctx: Context, next: Next) {
    try {
      await next()
    } finally {
      const mark = sessionMark(ctx)
      if (ctx.session && mark !== '')
        ctx.set({ [SESSION_HEADER]: mark, [LEFT_HEADER]: sessionLeft(ctx.session, clock.now()) })
    }
  }
}
