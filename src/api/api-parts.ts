import type { SignInParts, UsageLimit } from '../accounts/index.ts'
import type { Config } from '../config/config.ts'
import type { CrmSessions } from '../crm-session/crm-session.ts'

export interface ApiParts extends SignInParts {
  config: SignInParts['config'] & Pick<Config, 'appName' | 'corsOrigins'>
  usageLimit: UsageLimit
  /** Null when the server runs without sessions. In this case, every sign-in fails. */
  sessions: CrmSessions | null
}
