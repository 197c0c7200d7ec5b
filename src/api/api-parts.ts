import type { SignInParts } from '../accounts/index.js'
import type { CrmStorage } from '../crm-storage.js'
import type { Privilege } from '../privileges.js'
import type { Sessions } from '../session/index.js'

/** What the API needs; `Parts` has it all. */
export interface ApiParts extends SignInParts {
  /** Null when the server runs without sessions: nobody can sign in then. */
  sessions: Sessions<CrmStorage, Privilege> | null
}
