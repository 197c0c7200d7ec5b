import type { Context } from 'koa'
import { signedIn } from '../../crm-session/crm-session.ts'
import { safeNext } from '../../session/http/index.ts'
import { SessionError } from '../../session/index.ts'
import type { PageModel } from '../../web/pages.ts'
import { checkPassword } from './check-password.ts'
import type { SignInParts } from './sign-in.ts'
import { OWN_DEVICES_PAGE } from './start-pages.ts'

export const RECENT_MINUTES = 15

interface ConfirmPage extends PageModel {
  userName: string
  next: string
  minutes: number
  message: string
}

/** The pages at `/account/confirm` ask for the password and redirect to `next`. Mount them behind `requireUser`. */
export function confirmPages(parts: Omit<SignInParts, 'config'>) {
  return {
    async form(ctx: Context) {
      showForm(ctx, { next: safeNext(ctx.query.next) ?? '' })
    },

    async confirm(ctx: Context) {
      const { session } = signedIn(ctx)
      const { next } = Object(ctx.request.body) as Record<string, unknown>
      const check = await checkPassword(parts, ctx)
      if (check.is === 'refused') return showForm(ctx, { next: safeNext(next) ?? '', message: check.message })
      // If the form was sent twice, the other request has already rotated the cookie, and the error is ignored.
      await session.renew({ login: true, proof: 'password' }).catch((error) => {
        if (!(error instanceof SessionError && error.code === 'SESSION_ENDED')) throw error
      })
      ctx.status = 303
      ctx.redirect(safeNext(next) ?? OWN_DEVICES_PAGE)
    },
  }
}

function showForm(ctx: Context, model: Pick<ConfirmPage, 'next'> & Partial<ConfirmPage>): void {
  const { userName } = signedIn(ctx).session
  ctx.show<ConfirmPage>('account/confirm', {
    title: 'Confirm your password',
    userName,
    minutes: RECENT_MINUTES,
    message: '',
    ...model,
  })
}
