import type { Context } from 'koa'
import { signedIn } from '../../crm-session/crm-session.ts'
import { SessionError } from '../../session/index.ts'
import type { PageModel } from '../../web/pages.ts'
import { originOf } from '../../web/request-origin.ts'
import { safeNext } from '../../web/safe-next.ts'
import { type Proof, provePassword } from './prove-password.ts'
import type { SignInParts } from './sign-in.ts'
import { OWN_DEVICES_PAGE } from './start-pages.ts'

/** For so long whoever typed his password is not asked for it again. */
export const RECENT_MINUTES = 15

export interface ConfirmPage extends PageModel {
  userName: string
  next: string
  /** For how long the password is not asked for again. */
  minutes: number
  /** What was wrong with the last try; '' when there was none. */
  message: string
}

/** `/account/confirm`: asks whoever is signed in for his password again, and goes on to where he wanted. Behind `requireUser`. */
export function confirmPages(parts: Omit<SignInParts, 'config'>) {
  return {
    async form(ctx: Context) {
      showForm(ctx, { next: safeNext(ctx.query.next) ?? '' })
    },

    async confirm(ctx: Context) {
      const { session, userId } = signedIn(ctx)
      const { password, next } = Object(ctx.request.body) as Record<string, unknown>
      const proof = await provePassword(parts, { ...originOf(ctx), userId, sessionId: session.id, password })
      if (proof.is !== 'proved') {
        answerRefusal(ctx, proof)
        return showForm(ctx, { next: safeNext(next) ?? '', message: proof.message })
      }
      // Of a form that was sent twice the first one made the cookie afresh, and this browser has it by now.
      await session.renew({ login: true }).catch((error) => {
        if (!(error instanceof SessionError && error.code === 'SESSION_ENDED')) throw error
      })
      ctx.status = 303
      ctx.redirect(safeNext(next) ?? OWN_DEVICES_PAGE)
    },
  }
}

/** The status of a page that says why a password was not accepted. */
export function answerRefusal(ctx: Context, proof: Exclude<Proof, { is: 'proved' }>): void {
  ctx.status = proof.is === 'limited' ? 429 : 422
  if (proof.is === 'limited') ctx.set('Retry-After', String(proof.retryAfterSeconds))
}

function showForm(ctx: Context, model: Pick<ConfirmPage, 'next'> & Partial<ConfirmPage>): void {
  const { userName } = signedIn(ctx).session
  ctx.show<ConfirmPage>('account/confirm', {
    title: 'Is it you?',
    userName,
    minutes: RECENT_MINUTES,
    message: '',
    ...model,
  })
}
