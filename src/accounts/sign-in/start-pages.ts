import type { CrmSession } from '../../crm-session/crm-session.ts'

export const OWN_DEVICES_PAGE = '/account/sessions'

/** The page that a user sees after the login. The path of the welcome page is from the 4D documentation. */
export function startPageOf(session: CrmSession): string {
  if (session.hasPrivilege('viewOwnPurchases')) return '/account'
  return session.hasPrivilege('WebAdmin') ? '/admin/sessions' : '/authenticationOK.shtml'
}
