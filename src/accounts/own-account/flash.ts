import type { CrmSession } from '../../crm-session/crm-session.ts'

/** A message that the next page shows once. It is in the session, because a query parameter can be forged. */
export type Flash = 'password-changed' | 'email-asked' | 'email-changed' | 'device-ended' | 'others-ended'

/** Best effort: the action that the message reports has already succeeded. */
export async function setFlash(session: CrmSession, flash: Flash): Promise<void> {
  await session
    .use((storage) => {
      storage.flash = flash
    })
    .catch(() => {})
}

/** Removes the flash message and returns whether it was there. Of concurrent calls, only one returns `true`. */
export async function takeFlash(session: CrmSession, flash: Flash): Promise<boolean> {
  if (session.storage.flash !== flash) return false
  return session.use((storage) => {
    if (storage.flash !== flash) return false
    delete storage.flash
    return true
  })
}
