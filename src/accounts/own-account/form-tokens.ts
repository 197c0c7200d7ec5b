import type { CrmSession } from '../../crm-session/crm-session.ts'

const FORMS_REMEMBERED = 20

/** Of one form that comes twice, by a double click for instance, exactly one gets `true`. `form` is its hidden name. */
export async function spendForm(session: CrmSession, form: string): Promise<boolean> {
  return session.use((storage) => {
    const spent = storage.spentForms ?? []
    if (spent.includes(form)) return false
    storage.spentForms = [...spent, form].slice(-FORMS_REMEMBERED)
    return true
  })
}

/** What failed on our side may be sent again. */
export async function giveFormBack(session: CrmSession, form: string): Promise<void> {
  await session.use((storage) => {
    storage.spentForms = (storage.spentForms ?? []).filter((spent) => spent !== form)
  })
}
