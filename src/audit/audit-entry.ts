/** The events of the audit trail, with their labels. */
export const AUDIT_EVENTS = {
  'sign-in': 'Signed in',
  'sign-in-failed': 'Sign-in failed',
  'sign-out': 'Signed out',
  secured: 'Session secured',
  renewed: 'Cookie rotated',
  'link-made': 'One-time link made',
  restored: 'Session restored by a link',
  'link-refused': 'One-time link refused',
  revoked: 'Session revoked',
  'many-revoked': 'Many sessions revoked',
  'device-revoked': 'Device signed out',
  expired: 'Session expired',
  'privileges-changed': 'Privileges changed',
  'token-made': 'API token made',
  'token-revoked': 'API token revoked',
  'password-changed': 'Password changed',
  'email-changed': 'E-mail address changed',
  refused: 'Access refused',
  'audit-exported': 'Audit trail exported',
} as const

export type AuditEvent = keyof typeof AUDIT_EVENTS

/** The origin of an event; the same names as in a cause of the session layer. */
export interface AuditOrigin {
  requestId?: string | undefined
  address?: string | null | undefined
  /** The browser's own description of itself. */
  device?: string | null | undefined
}

/** Must never hold a password, token, cookie or hash. */
export interface AuditEntry extends AuditOrigin {
  event: AuditEvent
  /** The user it is about. Leave it out for a guest, and for a name that was only typed. */
  userId?: string | undefined
  /** The name of the user, or the name that was typed. */
  userName?: string | undefined
  /** The user who did it, when it was another one. */
  byUserId?: string | undefined
  byUserName?: string | undefined
  /** The session's public handle. */
  sessionId?: string | undefined
  /** For people: why, or which. */
  detail?: string | undefined
}

/** Unauthenticated clients can cause these without limit, so equal ones are written as one row with a count. */
const REPEATED: readonly AuditEvent[] = ['sign-in-failed', 'link-refused', 'refused']

export function isRepeatable({ event }: AuditEntry): boolean {
  return REPEATED.includes(event)
}

// These failures name an existing account.
const AT_AN_ACCOUNT: readonly string[] = ['wrong password', 'address not validated yet']

/** Whether the entry names an existing account: such entries keep their name at all limits. */
export function namesAnAccount({ userId, userName, detail }: AuditEntry): boolean {
  return userId !== undefined || (Boolean(userName) && AT_AN_ACCOUNT.includes(detail ?? ''))
}
