import type { Generated, Selectable } from 'kysely'

/**
 * The tables of the CRM. Money is in cents, dates are `YYYY-MM-DD`, and flags are 0 or 1, on SQLite and on PostgreSQL.
 */
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

/** The largest userId. Nine digits are short enough to type and fit into a 32-bit integer. */
export const LARGEST_USER_ID = 999_999_999

/** The maximum length of an e-mail address (RFC 5321). */
export const LONGEST_EMAIL = 254

/** The role of a staff account. `src/crm-session/privileges.ts` defines the privileges of each role. */
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
}

interface CustomersTable {
  id: Generated<number>
  name: string
  /** The name in lower case without accents. The customer list is searched and sorted by this column. */
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
  /** For optimistic concurrency. The first version is random, because the id of a deleted customer may be reused. */
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

/** Users who signed up. Times are ISO 8601 in UTC, so that their text order is their time order. */
interface UsersTable {
  /** A random id, which is never reused. */
  id: string
  /** In lower case, and unique. The next sign-up with the same address replaces an account that is not validated. */
  email: string
  /** A bcrypt hash. In production it is null until the user chooses a password on the page of the link. */
  password: string | null
  validated: number
  /** The public id of the session in which the user signed up. */
  session_id: string
  created_at: string
  validated_at: string | null
}

/** The mail to send. A row contains no token, because the link is created when the mail is sent. */
interface OutboxTable {
  id: string
  kind: MailKind
  user_id: string
  session_id: string
  email: string
  state: 'waiting' | 'sent' | 'dropped'
  created_at: string
  due_at: string
  /** The end of the lease of the process that sends the mail. Empty: no lease. */
  leased_until: string
  attempts: number
  /** A code for the failure of the last attempt, or for a newer request that replaced this mail. */
  problem: string | null
  sent_at: string | null
  link_until: string | null
  /** Additional values for the template, as JSON without secrets. */
  details: string | null
}

/** The kind of a mail. `validate` and `taken` belong to the sign-up, and the others to an existing account. */
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
  /** The addresses in the mail, as a JSON array. */
  links: string
  sent_at: string
}

/**
 * Requests for approval by an external platform. Times are ISO 8601 in UTC, so that their text order is their time
 * order.
 */
interface OperationsTable {
  /** The id may be reused after a customer and the customer's operations are deleted. */
  id: Generated<number>
  /** A random key, which is never reused. The link contains the id and the key. */
  key: string
  customer_id: number
  user_id: number
  /** The public handle of the session that made the request. Only links of this session may complete the operation. */
  session_id: string
  percent: number
  reason: string
  scenario: '$4DSID' | 'state' | 'rest'
  state: OperationState
  /** The platform's id of the request. Null until the platform has responded. */
  platform_id: string | null
  asked_at: string
  expires_at: string
  decided_at: string | null
}

/** The state of a request for approval. `asked` waits for a decision, and all other states are final. */
export type OperationState = 'asked' | 'approved' | 'refused' | 'unreachable' | 'unanswered' | 'rejected' | 'expired'

/** The audit trail. Rows are never updated. */
interface AuditEventsTable {
  /** Ids sort by time. The ids of one process sort in the order of events. */
  id: string
  /** ISO 8601 in UTC. */
  at: string
  event: string
  /** The user whom the event concerns. Null for a guest and for an unknown user name. */
  user_id: string | null
  user_name: string
  /** The user who caused the event, when that is another user. */
  by_user_id: string | null
  by_user_name: string
  /** The public handle of the session. */
  session_id: string | null
  address: string | null
  /** The User-Agent of the browser. */
  device: string | null
  request_id: string | null
  detail: string
  /** The number of equal events within a minute. */
  times: number
}

/** The browsers that a user has logged in with. `device` is the description that the user sees. */
interface KnownDevicesTable {
  user_id: string
  device: string
  first_seen_at: string
  last_seen_at: string
}

/**
 * The requested changes of e-mail addresses, at most one per user. A row is removed when its link is redeemed or
 * expires.
 */
interface EmailChangesTable {
  user_id: string
  /** A random id. The link contains it. */
  id: string
  email: string
  /** The public handle of the session that requested the change. The link belongs to this session. */
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
