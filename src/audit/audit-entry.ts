/** What the audit trail tells, with the words for it. */
export const AUDIT_EVENTS = {
  'sign-in': 'Signed in',
  'sign-in-failed': 'Sign-in failed',
  'sign-out': 'Signed out',
  secured: 'Session secured',
  renewed: 'Cookie renewed',
  'link-made': 'One-time link made',
  restored: 'Session restored by a link',
  'link-refused': 'One-time link refused',
  revoked: 'Session ended by somebody',
  'many-revoked': 'Many sessions ended by somebody',
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

/** Where something came from; the same words as in a cause of the session layer. */
export interface AuditOrigin {
  requestId?: string | undefined
  address?: string | null | undefined
  /** The browser's own description of itself. */
  device?: string | null | undefined
}

/** Something that happened. Never put a password, token, cookie or hash into it. */
export interface AuditEntry extends AuditOrigin {
  event: AuditEvent
  /** Whom it is about. Leave it out for a guest, and for a name that somebody only typed. */
  userId?: string | undefined
  /** The name of the user, or the name that was typed. */
  userName?: string | undefined
  /** Who did it, when that was somebody else. */
  byUserId?: string | undefined
  byUserName?: string | undefined
  /** The session's public handle. */
  sessionId?: string | undefined
  /** In words for people: why, or which. */
  detail?: string | undefined
}

/** Anybody can make these happen as often as he likes, so equal ones are counted before they are written. */
const REPEATED: readonly AuditEvent[] = ['sign-in-failed', 'link-refused', 'refused']

export function isRepeatable({ event }: AuditEntry): boolean {
  return REPEATED.includes(event)
}

// Who fails like this has typed the name of somebody who is there.
const AT_AN_ACCOUNT: readonly string[] = ['wrong password', 'address not validated yet']

/** Whether the entry names somebody with an account, signed in or not: then it must not be lost among other names. */
export function namesAnAccount({ userId, userName, detail }: AuditEntry): boolean {
  return userId !== undefined || (Boolean(userName) && AT_AN_ACCOUNT.includes(detail ?? ''))
}
