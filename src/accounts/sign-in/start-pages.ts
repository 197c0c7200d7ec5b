import type { CrmSession } from '../../crm-session/crm-session.ts'

export const OWN_DEVICES_PAGE = '/account/sessions'

/** The page that a user sees after the login. The path for staff is from the 4D documentation. */
export function startPageOf(session: CrmSession): string {
  return session.hasPrivilege('viewOwnPurchases') ? '/account' : '/authenticationOK.shtml'
}
