import type { CrmSession } from './crm-session.ts'

const FORMS_REMEMBERED = 20

/** Consumes the random id of a form. Returns `false` if the id was consumed before, for example by a double click. */
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
