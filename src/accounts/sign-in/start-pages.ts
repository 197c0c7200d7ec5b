import type { CrmSession } from '../../crm-session/crm-session.ts'

export const OWN_DEVICES_PAGE = '/account/sessions'

/** Where a user goes after the login. For staff this is documented. */
export function startPageOf(session: CrmSession): string {
  return session.hasPrivilege('viewOwnPurchases') ? '/account' : '/authenticationOK.shtml'
}
