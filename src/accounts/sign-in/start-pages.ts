import type { CrmSession } from '../../crm-session/crm-session.ts'

export const OWN_DEVICES_PAGE = '/account/sessions'

/** The page for staff is documented (4D). */
export function startPageOf(session: CrmSession): string {
  return session.hasPrivilege('viewOwnPurchases') ? '/account' : '/authenticationOK.shtml'
}
