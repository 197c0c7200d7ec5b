import type { CrmSession } from '../../crm-session/crm-session.ts'

/** What the next page has to tell, once. An address would tell it too, but anybody can send somebody an address. */
export type PageNote = 'password-changed' | 'email-asked' | 'email-changed' | 'device-ended' | 'others-ended'

/** Leaves a note for the page that comes next. What it tells of is done: that it could not be noted is no reason to say otherwise. */
export async function leaveNote(session: CrmSession, note: PageNote): Promise<void> {
  await session
    .use((storage) => {
      storage.pageNote = note
    })
    .catch(() => {})
}

/** Answers whether this very note was left, to exactly one page; a note for another page stays. */
export async function takeNote(session: CrmSession, note: PageNote): Promise<boolean> {
  if (session.storage.pageNote !== note) return false
  return session.use((storage) => {
    if (storage.pageNote !== note) return false
    delete storage.pageNote
    return true
  })
}
