import type { Migration } from 'kysely/migration'
import { salespersonsAndCustomers } from './0001-salespersons-and-customers.ts'
import { usersAndMail } from './0002-users-and-mail.ts'
import { operations } from './0003-operations.ts'
import { customerVersions } from './0004-customer-versions.ts'
import { audit } from './0005-audit.ts'
import { accountChanges } from './0006-account-changes.ts'
import { operationKeys } from './0007-operation-keys.ts'
import { accountsAndResets } from './0008-accounts-and-resets.ts'
import { loginFailures } from './0009-login-failures.ts'
import { pendingSignUps } from './0010-pending-sign-ups.ts'
import { securityStamps } from './0011-security-stamps.ts'
import { publicDemo } from './0012-public-demo.ts'
import { customerWork } from './0013-customer-work.ts'

/** Never edit a released migration. Add a new one instead. */
export const migrations: Record<string, Migration> = {
  '0001-salespersons-and-customers': salespersonsAndCustomers,
  '0002-users-and-mail': usersAndMail,
  '0003-operations': operations,
  '0004-customer-versions': customerVersions,
  '0005-audit': audit,
  '0006-account-changes': accountChanges,
  '0007-operation-keys': operationKeys,
  '0008-accounts-and-resets': accountsAndResets,
  '0009-login-failures': loginFailures,
  '0010-pending-sign-ups': pendingSignUps,
  '0011-security-stamps': securityStamps,
  '0012-public-demo': publicDemo,
  '0013-customer-work': customerWork,
}
