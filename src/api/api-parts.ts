import type { SignInParts } from '../accounts/index.ts'
import type { CrmSessions } from '../crm-session/crm-session.ts'

export interface ApiParts extends SignInParts {
  /** Null when the server runs without sessions. Every sign-in then fails. */
  sessions: CrmSessions | null
}
