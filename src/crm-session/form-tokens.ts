import { bestEffort, type CrmSession } from './crm-session.ts'

const FORMS_REMEMBERED = 20

/** Whether the form with this random id was sent before. */
export function isConsumed(session: CrmSession, token: string): boolean {
  return session.storage.consumedForms?.includes(token) === true
}

/**
 * Consumes the random id of a form. Returns `false` if the id was consumed before, for example by a double click.
 * If the store has written the id but its reply was lost, the form counts as sent, although nothing else happened.
 * So a form takes effect at most once. The user sees on the next page that it had no effect, and opens a new form.
 */
export async function consumeFormToken(session: CrmSession, token: string): Promise<boolean> {
  return session.use((storage) => {
    const consumed = storage.consumedForms ?? []
    if (consumed.includes(token)) return false
    storage.consumedForms = [...consumed, token].slice(-FORMS_REMEMBERED)
    return true
  })
}

/** Makes a consumed id valid again, so that the form can be sent again after a server error. */
export async function releaseFormToken(session: CrmSession, token: string): Promise<void> {
  await session.use((storage) => {
    storage.consumedForms = (storage.consumedForms ?? []).filter((consumed) => consumed !== token)
  })
}

/**
 * Runs `work` unless the form with this random id was sent before. If `work` fails, the form can be sent again. A form
 * without an id, which only a program sends, is processed each time. Returns `undefined` for a form that was sent before.
 */
export async function onceForForm<T>(
  session: CrmSession,
  token: string | undefined,
  work: () => Promise<T>,
): Promise<T | undefined> {
  if (token === undefined) return work()
  if (!(await consumeFormToken(session, token))) return undefined
  return work().catch(async (error) => {
    await bestEffort(releaseFormToken(session, token))
    throw error
  })
}
