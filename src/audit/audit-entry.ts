/** The events, with their labels. */
export const AUDIT_EVENTS = {
  'sign-in': 'Signed in',
  'sign-in-failed': 'Sign-in failed',
  'account-locked': 'Account locked on unknown devices',
  'sign-out': 'Signed out',
  secured: 'Session secured',
  renewed: 'Cookie rotated',
  'link-made': 'One-time link made',
  restored: 'Session restored by a link',
  'link-refused': 'One-time link refused',
  'credential-refused': 'Unknown cookie or token',
  'device-bound': 'Cookie bound to a key',
  'copy-refused': 'Cookie without its key refused',
  revoked: 'Session revoked',
  'many-revoked': 'Many sessions revoked',
  'device-revoked': 'Device signed out',
  expired: 'Session expired',
  'privileges-changed': 'Privileges changed',
  'token-made': 'API token made',
  'token-revoked': 'API token revoked',
  'password-changed': 'Password changed',
  'email-changed': 'E-mail address changed',
  'password-reset': 'Password reset',
  'account-disabled': 'Account disabled',
  'account-enabled': 'Account enabled',
  'role-changed': 'Role changed',
  refused: 'Access refused',
  'audit-exported': 'Audit trail exported',
  'customers-exported': 'Customers exported',
  'customer-added': 'Customer added',
  'customer-changed': 'Customer changed',
  'customer-assigned': 'Customer assigned',
  'customer-removed': 'Customer removed',
  'customer-restored': 'Customer restored',
  'next-step-changed': 'Next step changed',
  'note-added': 'Note added',
  'note-deleted': 'Note deleted',
  'purchase-recorded': 'Purchase recorded',
} as const

export type AuditEvent = keyof typeof AUDIT_EVENTS

/** The fields have the same names as those of `Cause` in the session layer. */
export interface AuditOrigin {
  requestId?: string | undefined
  address?: string | null | undefined
  /** The `User-Agent` header. */
  device?: string | null | undefined
}

/** Must never contain a password, token, cookie or hash. */
export interface AuditEntry extends AuditOrigin {
  event: AuditEvent
  /** The user that the entry is about. Absent for a guest and for a failed sign-in. */
  userId?: string | undefined
  /** The name of the user. For a failed sign-in, the name that was entered. */
  userName?: string | undefined
  /** The user who caused the event, when that is another user. */
  byUserId?: string | undefined
  byUserName?: string | undefined
  /** The session's public handle. */
  sessionId?: string | undefined
  /** Further information about the event, such as the reason or the device. */
  detail?: string | undefined
}

/** Anyone can cause these events without signing in. Equal entries therefore become one row with a count. */
const REPEATED: readonly AuditEvent[] = ['sign-in-failed', 'link-refused', 'credential-refused', 'refused']

export function isRepeatable({ event }: AuditEntry): boolean {
  return REPEATED.includes(event)
}

// In failed sign-ins with these details, the entered name belongs to an existing account.
const AT_AN_ACCOUNT: readonly string[] = [
  'wrong password',
  'account locked on unknown devices',
  'address not validated yet',
]

/** Whether the entry names an existing account. `RepeatFolder` never removes the name of an existing account. */
export function namesAnAccount({ userId, userName, detail }: AuditEntry): boolean {
  return userId !== undefined || (Boolean(userName) && AT_AN_ACCOUNT.includes(detail ?? ''))
}
