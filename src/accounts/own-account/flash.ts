import type { CrmSession } from '../../crm-session/crm-session.ts'

/**
 * A flash message, which is shown once, on the next page. It is stored in the session, because a query parameter can be
 * forged.
 */
export type Flash = 'password-changed' | 'email-asked' | 'email-changed' | 'device-ended' | 'others-ended'

/** Stores a flash message (best effort). Errors are ignored, because the reported action has already succeeded. */
export async function setFlash(session: CrmSession, flash: Flash): Promise<void> {
  await session
    .use((storage) => {
      storage.flash = flash
    })
    .catch(() => {})
}

/** Removes the given flash message. Returns whether it was stored. Of concurrent calls, one returns `true`. */
export async function takeFlash(session: CrmSession, flash: Flash): Promise<boolean> {
  if (session.storage.flash !== flash) return false
  return session.use((storage) => {
    if (storage.flash !== flash) return false
    delete storage.flash
    return true
  })
}
