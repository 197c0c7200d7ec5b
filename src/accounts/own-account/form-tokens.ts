import type { CrmSession } from '../../crm-session/crm-session.ts'

const FORMS_REMEMBERED = 20

/** Consumes the one-time token of a form. When a form is sent twice, by a double click for instance, exactly one request gets `true`. */
export async function consumeFormToken(session: CrmSession, token: string): Promise<boolean> {
  return session.use((storage) => {
    const consumed = storage.consumedForms ?? []
    if (consumed.includes(token)) return false
    storage.consumedForms = [...consumed, token].slice(-FORMS_REMEMBERED)
    return true
  })
}

/** Makes a token valid again, after a failure of the server. */
export async function releaseFormToken(session: CrmSession, token: string): Promise<void> {
  await session.use((storage) => {
    storage.consumedForms = (storage.consumedForms ?? []).filter((consumed) => consumed !== token)
  })
}
