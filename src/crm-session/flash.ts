import type { Context } from 'koa'
import { currentSession } from './crm-session.ts'

/** A message that the next page shows once. It is stored in the session, because a query parameter can be forged. */
export type Flash =
  | 'password-changed'
  | 'email-asked'
  | 'email-changed'
  | 'device-ended'
  | 'others-ended'
  | 'account-disabled'
  | 'account-enabled'
  | 'role-changed'
  | 'token-revoked'
  | 'customer-added'
  | 'customer-changed'
  | 'customer-merged'
  | 'customer-assigned'
  | 'customer-restored'
  | 'note-added'
  | 'note-deleted'
  | 'next-step-saved'
  | 'next-step-done'
  | 'purchase-recorded'
  | 'sent-before'

/** Ignores a failure to store the message, because the action that the message reports has already succeeded. */
export async function redirectWithFlash(ctx: Context, path: string, flash: Flash): Promise<void> {
  await currentSession(ctx)
    .flash(flash)
    .catch(() => {})
  ctx.status = 303
  ctx.redirect(path)
}

/** Removes the message and returns `true` if the session has it. Of concurrent calls, only one returns `true`. */
export async function wasFlashed(ctx: Context, flash: Flash): Promise<boolean> {
  return (await currentSession(ctx).takeFlash([flash])).length > 0
}
