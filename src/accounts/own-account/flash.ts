import type { Context } from 'koa'
import { type CrmSession, currentSession } from '../../crm-session/crm-session.ts'

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

/** Ignores a failure to store the message, because the action that the message reports has already succeeded. */
export async function redirectWithFlash(ctx: Context, path: string, flash: Flash): Promise<void> {
  await currentSession(ctx)
    .use((storage) => {
      storage.flash = flash
    })
    .catch(() => {})
  ctx.status = 303
  ctx.redirect(path)
}

/** Removes the message and returns `true` if the session contains it. Of concurrent calls, only one returns `true`. */
export async function takeFlash(session: CrmSession, flash: Flash): Promise<boolean> {
  if (session.storage.flash !== flash) return false
  return session.use((storage) => {
    if (storage.flash !== flash) return false
    delete storage.flash
    return true
  })
}
