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

/** Nine digits: what people can still type, and no more than a 32-bit integer holds. */
export const LARGEST_USER_ID = 999_999_999

/** As long as an e-mail address can be. */
export const LONGEST_EMAIL = 254

/** What a salesperson's account may be; `src/crm-session/privileges.ts` says what each of them opens. */
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
  /** Goes up with each change. A new customer begins at random: his id may have been somebody else's before. */
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

/** Somebody who signed up by himself. Times of these three tables are ISO 8601 in UTC, so that they compare as text. */
interface UsersTable {
  /** Random, so that no later account ever gets an earlier one's. */
  id: string
  /** Lower case; unique. An account that was not validated gives way to the next sign-up with its address. */
  email: string
  /** A bcrypt hash; null until the link's page asks for a password (production). */
  password: string | null
  validated: number
  /** The public id of the session that waits for the link to be opened. */
  session_id: string
  created_at: string
  validated_at: string | null
}

/** Mail that is to be sent, and what became of it. Never a token: the link is made when the mail goes out. */
interface OutboxTable {
  id: string
  kind: MailKind
  user_id: string
  session_id: string
  email: string
  state: 'waiting' | 'sent' | 'dropped'
  created_at: string
  due_at: string
  /** Whoever sends it has it until then; '' when nobody does. */
  leased_until: string
  attempts: number
  /** Why the last attempt failed, as a code; or that a newer request took its place. */
  problem: string | null
  sent_at: string | null
  link_until: string | null
  /** What the mail tells beside, as JSON. Never a secret. */
  details: string | null
}

/** `validate` and `taken` belong to signing up; the others to an account that is there. */
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

/** What an external platform was asked to approve. Times are ISO 8601 in UTC, so that they compare as text. */
interface OperationsTable {
  /** May come again when an operation went with its customer. */
  id: Generated<number>
  /** What its one-time link names beside the id: unguessable, and never the same again. */
  key: string
  customer_id: number
  user_id: number
  /** The public handle of the session that asked: only a link of this very session may complete the operation. */
  session_id: string
  percent: number
  reason: string
  scenario: '$4DSID' | 'state' | 'rest'
  state: OperationState
  /** What the platform calls it; null until it has answered. */
  platform_id: string | null
  asked_at: string
  expires_at: string
  decided_at: string | null
}

/** `asked` waits for a decision; all others are final. */
export type OperationState = 'asked' | 'approved' | 'refused' | 'unreachable' | 'unanswered' | 'rejected' | 'expired'

/** What happened around sign-ins and sessions. Nothing updates a row. */
interface AuditEventsTable {
  /** Sorts by time; within a process, in the order in which things happened. */
  id: string
  /** ISO 8601 in UTC. */
  at: string
  event: string
  /** Whom it is about; null for a guest, and for a name that nobody has. */
  user_id: string | null
  user_name: string
  /** Who did it, when that was somebody else. */
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

/** The browsers that somebody has signed in with, in the words that he is told. */
interface KnownDevicesTable {
  user_id: string
  device: string
  first_seen_at: string
  last_seen_at: string
}

/** A new address that somebody wants, until he opens the link that was mailed there; one of each user at most. */
interface EmailChangesTable {
  user_id: string
  /** Random; the link names it. */
  id: string
  email: string
  /** The public handle of the session that asked: the link is one of this session. */
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
