import type { CrmSession } from '../../crm-session/crm-session.ts'

/** A flash message: shown once, on the next page. It is kept in the session, because a query parameter could be forged in a link. */
export type Flash = 'password-changed' | 'email-asked' | 'email-changed' | 'device-ended' | 'others-ended'

/** Best effort: the action that it reports is done already. */
export async function setFlash(session: CrmSession, flash: Flash): Promise<void> {
  await session
    .use((storage) => {
      storage.flash = flash
    })
    .catch(() => {})
}

/** Removes this flash message. Exactly one caller gets `true`. A flash message of another page stays. */
export async function takeFlash(session: CrmSession, flash: Flash): Promise<boolean> {
  if (session.storage.flash !== flash) return false
  return session.use((storage) => {
    if (storage.flash !== flash) return false
    delete storage.flash
    return true
  })
}
