import type { Generated, Selectable } from 'kysely'

/**
 * Money is in cents. Dates are `YYYY-MM-DD`. Times are ISO 8601 in UTC, so they sort chronologically as text. Flags are
 * 0 or 1. A `session_id` is the public handle of a session.
 */
export interface Database {
  sales_persons: SalesPersonsTable
  customers: CustomersTable
  customer_notes: CustomerNotesTable
  purchases: PurchasesTable
  users: UsersTable
  outbox: OutboxTable
  mailbox: MailboxTable
  operations: OperationsTable
  audit_events: AuditEventsTable
  known_devices: KnownDevicesTable
  email_changes: EmailChangesTable
  password_resets: PasswordResetsTable
  login_failures: LoginFailuresTable
  device_tokens: DeviceTokensTable
  visitor_sessions: VisitorSessionsTable
  visitor_hosts: VisitorHostsTable
  demo_resets: DemoResetsTable
}

/** A number of nine digits is short enough to type, and fits into a 32-bit integer. */
export const LARGEST_USER_ID = 999_999_999

/** RFC 5321 */
export const LONGEST_EMAIL = 254

/** `src/crm-session/privileges.ts` defines the privileges of each role. */
export type Role = 'salesperson' | 'manager' | 'administrator'

interface SalesPersonsTable {
  user_id: number
  firstname: string
  lastname: string
  /** In lower case, and unique. */
  email: string
  /** A bcrypt hash. */
  password: string
  role: Role
  active: number
  /**
   * Random, and changed in the same statement as the password, the e-mail address, the role or `active`. A session is
   * valid only with the stamp that the account had at the login. Empty until the first change.
   */
  security_stamp: Generated<string>
  /** Increments when the three best customers of the salesperson, or their names or totals, may have changed. */
  portfolio_version: Generated<number>
}

interface CustomersTable {
  id: Generated<number>
  name: string
  /** In lower case without accents, for search and order. */
  name_folded: string
  country: string
  city: string
  industry: string
  contact: string
  email: string
  phone: string
  /** The sum of the customer's purchases. */
  total_purchase: number
  customer_since: string
  sales_person: number
  /** The visitor of the public demo who created the customer. Empty for a customer that everybody sees. */
  visitor: Generated<string>
  /** The first version is random, because the id of a deleted customer may be reused. */
  version: Generated<number>
  /** Empty when nothing is planned. */
  next_step: Generated<string>
  next_step_on: string | null
  /** The last change of the fields. Null for a customer of the demo that was never changed. */
  changed_at: string | null
  changed_by: number | null
  /** Not null while the removal can be undone. After that time, a sweep deletes the row. */
  removed_at: string | null
  removed_by: number | null
}

interface CustomerNotesTable {
  id: Generated<number>
  customer_id: number
  user_id: number
  text: string
  written_at: string
}

interface PurchasesTable {
  id: Generated<number>
  customer_id: number
  purchased_on: string
  description: string
  /** After the discount. */
  amount: number
  discount_percent: Generated<number>
  discount: Generated<number>
}

/** Users who signed up. */
interface UsersTable {
  /** Random, and never reused. */
  id: string
  /** In lower case. At most one validated account has this address, but several pending sign-ups may have it. */
  email: string
  /** A bcrypt hash. Null in production until the user has opened the link and chosen a password. */
  password: string | null
  validated: number
  /** The session in which the user signed up. */
  session_id: string
  created_at: string
  validated_at: string | null
  active: Generated<number>
  /** As for `sales_persons`. */
  security_stamp: Generated<string>
}

/** The mail that is sent or still to be sent. A row contains no token, because sending a mail creates the link. */
interface OutboxTable {
  id: string
  kind: MailKind
  user_id: string
  session_id: string
  email: string
  state: 'waiting' | 'sent' | 'dropped'
  created_at: string
  due_at: string
  /** Until this time, only one process may send the mail. Empty when no process is sending the mail. */
  leased_until: string
  attempts: number
  /** A code that says why the last attempt failed, or that a newer request replaced this mail. */
  problem: string | null
  sent_at: string | null
  link_until: string | null
  /** Additional values for the template, as JSON without secrets. */
  details: string | null
  /** The visitor of the public demo who caused the mail. Empty elsewhere. */
  visitor: Generated<string>
}

export type MailKind =
  | 'validate'
  | 'taken'
  | 'password-changed'
  | 'email-link'
  | 'email-taken'
  | 'email-changed'
  | 'new-device'
  | 'copied-cookie'
  | 'password-reset'
  | 'locked'

/** The mail that the demo shows instead of sending it. */
interface MailboxTable {
  id: Generated<number>
  recipient: string
  subject: string
  text: string
  html: string
  /** The addresses in the mail, as a JSON array. */
  links: string
  sent_at: string
  /** The visitor of the public demo who caused the mail. Empty elsewhere. */
  visitor: Generated<string>
}

interface OperationsTable {
  id: Generated<number>
  /** Random, because the operation's id may be reused after a deletion. The link contains the id and the key. */
  key: string
  customer_id: number
  user_id: number
  /** The session that made the request. Only a link of this session may complete the operation. */
  session_id: string
  percent: number
  reason: string
  scenario: '$4DSID' | 'state' | 'rest'
  state: OperationState
  /** Null until the platform has responded. */
  platform_id: string | null
  asked_at: string
  expires_at: string
  decided_at: string | null
  /** When a purchase used the approved discount. */
  used_at: string | null
}

/** An operation in the state `asked` waits for a decision. All other states are final. */
export type OperationState = 'asked' | 'approved' | 'refused' | 'unreachable' | 'unanswered' | 'rejected' | 'expired'

/** Rows are never updated. */
interface AuditEventsTable {
  /** Ids are ordered by time. Ids of the same process are in the exact order of the events. */
  id: string
  at: string
  event: string
  /** The user whom the event concerns. Null for a guest and for an unknown user name. */
  user_id: string | null
  user_name: string
  /** The user who caused the event, when that is another user. */
  by_user_id: string | null
  by_user_name: string
  session_id: string | null
  address: string | null
  /** The User-Agent. */
  device: string | null
  request_id: string | null
  detail: string
  /** The number of equal events within a minute that this row represents. */
  times: number
}

/** `device` is the description that the user sees. */
interface KnownDevicesTable {
  user_id: string
  device: string
  first_seen_at: string
  last_seen_at: string
}

/** At most one row per user. A row is removed when its link is redeemed, or a day after the request. */
interface EmailChangesTable {
  user_id: string
  /** Random. The link in the mail contains this id. */
  id: string
  email: string
  /** The session that requested the change. The link belongs to this session. */
  session_id: string
  asked_at: string
}

/** At most one row per user. A row is removed when the password changes. */
interface PasswordResetsTable {
  user_id: string
  /** The hash of the token in the mailed link. */
  hash: string
  /** A hash of the e-mail address, the role and the security stamp when the link was created. A change ends the link. */
  account: string
  asked_at: string
  /** The device that requested the link, as described to the user. */
  device: string
  expires_at: string
}

/** An account without failures since its last login has no row. */
interface LoginFailuresTable {
  user_id: string
  /** Consecutive failures on devices that never signed in to the account. At most `MOST_CONSECUTIVE_FAILURES`. */
  failures: number
}

/** The accounts to which a browser has signed in. */
interface DeviceTokensTable {
  /** The SHA-256 hash of the token in the browser's cookie, in base64url. */
  hash: string
  user_id: string
  last_used_at: string
}

/** The sessions that a visitor of the public demo began. */
interface VisitorSessionsTable {
  session_id: string
  visitor: string
  /** The visitor whose one-time link this browser had opened before. Null if there was none. */
  host: string | null
}

/** Which visitor's one-time link a browser opened last. */
interface VisitorHostsTable {
  visitor: string
  host: string
}

/** One row, on the public demo. */
interface DemoResetsTable {
  id: number
  /** The time of the next reset. */
  due_at: string
  /** 1 while a reset has replaced the data, but has not ended the sessions yet. */
  ends_sessions: number
}

export type User = Selectable<UsersTable>
export type OutboxRow = Selectable<OutboxTable>
export type Operation = Selectable<OperationsTable>
export type SalesPerson = Selectable<SalesPersonsTable>
export type Customer = Selectable<CustomersTable>
export type Purchase = Selectable<PurchasesTable>
export type EmailChange = Selectable<EmailChangesTable>
export type PasswordReset = Selectable<PasswordResetsTable>
export type AuditRow = Selectable<AuditEventsTable>
