import type { Generated, Selectable } from 'kysely'

/** The CRM's own tables. Money is in cents, dates are `YYYY-MM-DD`, flags are 0 or 1: every dialect agrees on these. */
export interface Database {
  sales_persons: SalesPersonsTable
  customers: CustomersTable
  purchases: PurchasesTable
  users: UsersTable
  outbox: OutboxTable
  mailbox: MailboxTable
  operations: OperationsTable
  audit_events: AuditEventsTable
  known_devices: KnownDevicesTable
  email_changes: EmailChangesTable
}

/** Nine digits: short enough to type, and within a 32-bit integer. */
export const LARGEST_USER_ID = 999_999_999

/** The limit of the standard. */
export const LONGEST_EMAIL = 254

/** The role of a staff account; `src/crm-session/privileges.ts` maps it to privileges. */
export type Role = 'salesperson' | 'manager' | 'administrator'

interface SalesPersonsTable {
  user_id: number
  firstname: string
  lastname: string
  /** Lower case; unique. */
  email: string
  /** A bcrypt hash, never the password. */
  password: string
  role: Role
  active: number
}

interface CustomersTable {
  id: Generated<number>
  name: string
  /** The name in lower case without accents: what the list is searched and sorted by. */
  name_folded: string
  country: string
  city: string
  industry: string
  contact: string
  email: string
  phone: string
  /** The sum of this customer's purchases, in cents. */
  total_purchase: number
  customer_since: string
  sales_person: number
  /** For optimistic concurrency. Starts at random, because an id may be reused. */
  version: Generated<number>
}

interface PurchasesTable {
  id: Generated<number>
  customer_id: number
  purchased_on: string
  description: string
  /** In cents. */
  amount: number
}

/** A user who signed up. Times are ISO 8601 in UTC, so that they compare as text. */
interface UsersTable {
  /** Random, so that it is never reused. */
  id: string
  /** Lower case; unique. The next sign-up with the address replaces an account that was not validated. */
  email: string
  /** A bcrypt hash; null until the link's page asks for a password (production). */
  password: string | null
  validated: number
  /** The public id of the session that waits for the link to be opened. */
  session_id: string
  created_at: string
  validated_at: string | null
}

/** Mail to send and its result. Never a token: the link is created when the mail is sent. */
interface OutboxTable {
  id: string
  kind: MailKind
  user_id: string
  session_id: string
  email: string
  state: 'waiting' | 'sent' | 'dropped'
  created_at: string
  due_at: string
  /** The lease of the process that sends it; '' for none. */
  leased_until: string
  attempts: number
  /** Why the last attempt failed, as a code; or that a newer request replaced it. */
  problem: string | null
  sent_at: string | null
  link_until: string | null
  /** More values for the template, as JSON. Never a secret. */
  details: string | null
}

/** `validate` and `taken` belong to the sign-up, the others to an existing account. */
export type MailKind =
  | 'validate'
  | 'taken'
  | 'password-changed'
  | 'email-link'
  | 'email-taken'
  | 'email-changed'
  | 'new-device'

/** The mail that the demo shows instead of sending it. */
interface MailboxTable {
  id: Generated<number>
  recipient: string
  subject: string
  text: string
  html: string
  /** A JSON list. */
  links: string
  sent_at: string
}

/** A request for approval by an external platform. Times are ISO 8601 in UTC, so that they compare as text. */
interface OperationsTable {
  /** May be reused after a customer is deleted with their operations. */
  id: Generated<number>
  /** The link names it beside the id: unguessable, never reused. */
  key: string
  customer_id: number
  user_id: number
  /** The public handle of the session that asked: only its links may complete the operation. */
  session_id: string
  percent: number
  reason: string
  scenario: '$4DSID' | 'state' | 'rest'
  state: OperationState
  /** The platform's id; null until it has answered. */
  platform_id: string | null
  asked_at: string
  expires_at: string
  decided_at: string | null
}

/** `asked` waits for a decision; all others are final. */
export type OperationState = 'asked' | 'approved' | 'refused' | 'unreachable' | 'unanswered' | 'rejected' | 'expired'

/** The audit trail. Rows are never updated. */
interface AuditEventsTable {
  /** Sorts by time, within a process in the order of events. */
  id: string
  /** ISO 8601 in UTC. */
  at: string
  event: string
  /** The user it is about; null for a guest and for an unknown name. */
  user_id: string | null
  user_name: string
  /** The user who did it, when it was another one. */
  by_user_id: string | null
  by_user_name: string
  /** The public handle. */
  session_id: string | null
  address: string | null
  /** The browser's own description of itself. */
  device: string | null
  request_id: string | null
  detail: string
  /** How often it happened within a minute. */
  times: number
}

/** The browsers that a user has signed in with, as they are described to the user. */
interface KnownDevicesTable {
  user_id: string
  device: string
  first_seen_at: string
  last_seen_at: string
}

/** A new address until its link is opened; at most one per user. */
interface EmailChangesTable {
  user_id: string
  /** Random; the link names it. */
  id: string
  email: string
  /** The public handle of the session that asked, which the link belongs to. */
  session_id: string
  asked_at: string
}

export type User = Selectable<UsersTable>
export type OutboxRow = Selectable<OutboxTable>
export type Operation = Selectable<OperationsTable>
export type SalesPerson = Selectable<SalesPersonsTable>
export type Customer = Selectable<CustomersTable>
export type Purchase = Selectable<PurchasesTable>
export type EmailChange = Selectable<EmailChangesTable>
export type AuditRow = Selectable<AuditEventsTable>
