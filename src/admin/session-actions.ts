import type { Context } from 'koa'
import type { Notes } from '../audit/index.ts'
import { sessionsBehindGuard, signedIn } from '../crm-session/crm-session.ts'
import { endedByAdministrator, SIGNED_OUT_BY_ADMINISTRATOR } from '../crm-session/end-messages.ts'
import type { EndFilter, Sessions } from '../session/index.ts'
import { Problem } from '../web/problem.ts'
import { originOf } from '../web/request-origin.ts'
import { type Done, doneParameters } from './action-notices.ts'
import { comeBackTo, LONGEST_MESSAGE } from './session-pages.ts'
import { SESSIONS_PATH } from './session-query.ts'

export type SessionsToEnd = Pick<Sessions, 'get' | 'end' | 'endMany' | 'detach' | 'removeWithMessage'>

// The audit trail stores the userId, so any other text is refused.
const USER_ID = /^(?:\d{1,9}|[0-9a-f-]{36})$/
// A message with one of these characters is refused, because they would change how the message is displayed.
const NEVER_IN_A_MESSAGE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u

/** Creates the handlers of the console's actions. An action on the administrator's own session is answered with 409. */
export function sessionActions(parts: { sessions: SessionsToEnd | null; audit: Notes; onDone: () => void }) {
  const done = (ctx: Context, path: string, what: Done, ended?: number) => {
    parts.onDone()
    ctx.status = 303
    ctx.redirect(`${path}?${doneParameters(what, ended)}`)
  }

  const manager = () => sessionsBehindGuard(parts.sessions, 'sessionActions()')

  const endMany = async (ctx: Context, filter: Pick<EndFilter, 'userId'>) => {
    const message = readMessage(ctx.request.body)
    const { session } = signedIn(ctx)
    const cause = causeOf(ctx)
    // The entry for the whole action comes first, because the audit trail may lose some of the many later entries.
    parts.audit.note({
      event: 'many-revoked',
      ...filter,
      ...cause,
      detail: filter.userId ? 'all of one user' : 'all but their own',
    })
    // One call ends all sessions, because a loop over pages could miss sessions. Ending 10,000 sessions takes a second.
    const by = { message: endedByAdministrator(message), cause }
    const ended = await manager().endMany({ ...filter, exceptId: session.id }, 'revoked', by)
    done(ctx, SESSIONS_PATH, 'many', ended)
  }

  return {
    /** Ends a session. If a login has already replaced the session, removes the record that remains. */
    async end(ctx: Context) {
      const message = readMessage(ctx.request.body)
      const found = await manager().get(String(ctx.params.id))
      if (found === undefined) return done(ctx, SESSIONS_PATH, 'gone')
      const { id, state } = found
      refuseOwn(ctx, id)
      const cause = causeOf(ctx)
      if (state === 'live' && (await manager().end(id, 'revoked', { message: endedByAdministrator(message), cause })))
        return done(ctx, SESSIONS_PATH, 'ended')
      const isRemoved = await manager().removeWithMessage(id, endedByAdministrator(message), { cause })
      done(ctx, SESSIONS_PATH, isRemoved ? 'removed' : 'gone')
    },

    /** Signs out one device or revokes one link. The session continues while another device or valid link remains. */
    async endDevice(ctx: Context) {
      const found = await manager().get(String(ctx.params.id))
      if (found === undefined) return done(ctx, SESSIONS_PATH, 'gone')
      refuseOwn(ctx, found.id)
      // A second click finds no device, and has the same result as the first one.
      const by = { message: SIGNED_OUT_BY_ADMINISTRATOR, cause: causeOf(ctx) }
      await manager().detach(found.id, String(ctx.params.handle), 'revoked', by)
      // The session has ended with its last device, and then has no page.
      done(ctx, (await manager().get(found.id)) === undefined ? SESSIONS_PATH : comeBackTo(ctx), 'device')
    },

    async endUser(ctx: Context) {
      const { userId } = Object(ctx.request.body) as Record<string, unknown>
      if (typeof userId !== 'string' || !USER_ID.test(userId))
        throw new Problem(422, 'Say once whose sessions are to end.')
      await endMany(ctx, { userId })
    },

    /** Ends all sessions except the administrator's own, including those of guests and API clients. */
    async endOthers(ctx: Context) {
      await endMany(ctx, {})
    },
  }
}

function refuseOwn(ctx: Context, id: string): void {
  if (id === signedIn(ctx).session.id)
    throw new Problem(409, 'This is the session that you are using, so nothing was done. Log out to end it.')
}

function causeOf(ctx: Context) {
  const { session, userId } = signedIn(ctx)
  return { ...originOf(ctx), byUserId: userId, byUserName: session.userName }
}

function readMessage(body: unknown): string {
  const { message = '' } = Object(body) as Record<string, unknown>
  if (typeof message !== 'string') throw new Problem(422, 'Write one message.')
  const text = message.trim()
  if ([...text].length > LONGEST_MESSAGE)
    throw new Problem(422, `The message is too long, so nothing was done: at most ${LONGEST_MESSAGE} characters.`)
  if (NEVER_IN_A_MESSAGE.test(text))
    throw new Problem(
      422,
      'The message holds line ends or control characters, so nothing was done. Write it in one line.',
    )
  return text
}
