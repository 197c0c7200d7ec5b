import type { SignInParts } from '../accounts/index.ts'
import type { CrmStorage } from '../crm-session/crm-storage.ts'
import type { Privilege } from '../crm-session/privileges.ts'
import type { Sessions } from '../session/index.ts'

export interface ApiParts extends SignInParts {
  /** Null when the server runs without sessions. Every sign-in then fails. */
  sessions: Sessions<CrmStorage, Privilege> | null
}
