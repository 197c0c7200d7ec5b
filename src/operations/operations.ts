import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { runPrepared, type Slot } from '../../db/prepared-queries.ts'
import type { Database, Operation, OperationState } from '../../db/tables.ts'
import { inTurn } from '../../db/transactions.ts'
import type { Viewer } from '../crm/index.ts'
import { currentVisit } from '../public-demo/visit.ts'
import { sessionIdsOfVisitor } from '../public-demo/visitor-sessions.ts'
import { stateAt } from './operation-text.ts'

/** The lifetime of an operation and of its one-time link. */
export const DECISION_SECONDS = 15 * 60
// Each waiting operation has a one-time link, and a session has at most ten one-time links.
const MOST_WAITING = 5
const MOST_LISTED = 50

export type NewOperation = Pick<Operation, 'customer_id' | 'user_id' | 'session_id' | 'percent' | 'reason' | 'scenario'>

export type NamedOperation = Operation & { customer: string; firstname: string; lastname: string }

/** Identifies an operation. The database may reuse the id of a removed operation, but never a key. */
type OperationName = Pick<Operation, 'id' | 'key'>

export type Begun =
  | ({ is: 'begun' } & OperationName)
  | { is: 'waiting'; id: number }
  | { is: 'too many' }
  /** The customer was removed before the operation was created. */
  | { is: 'gone' }

type Completed =
  | { is: 'completed' }
  | { is: 'over'; state: OperationState }
  | { is: 'not yours' }
  /** The operation was removed with its customer. */
  | { is: 'gone' }

/** Creates an operation, unless the customer has a waiting operation or the user has too many waiting operations. */
export function beginOperation(database: Kysely<Database>, wanted: NewOperation, now: number): Promise<Begun> {
  const time = new Date(now).toISOString()
  return inTurn(
    database,
    { customer: wanted.customer_id, user: wanted.user_id },
    async (transaction): Promise<Begun> => {
      await transaction
        .updateTable('operations')
        .set({ state: 'expired' })
        .where('state', '=', 'asked')
        .where('expires_at', '<=', time)
        .where((row) => row.or([row('customer_id', '=', wanted.customer_id), row('user_id', '=', wanted.user_id)]))
        .execute()
      const customer = transaction
        .selectFrom('customers')
        .select('id')
        .where('id', '=', wanted.customer_id)
        .where('removed_at', 'is', null)
      if ((await customer.executeTakeFirst()) === undefined) return { is: 'gone' }
      const waiting = transaction
        .selectFrom('operations')
        .select('id')
        .where('state', '=', 'asked')
        .$if(currentVisit() !== undefined, (all) => all.where('session_id', 'in', sessionIdsOfVisitor(transaction)))
      const same = await waiting.where('customer_id', '=', wanted.customer_id).executeTakeFirst()
      if (same !== undefined) return { is: 'waiting', id: same.id }
      const own = await waiting.where('user_id', '=', wanted.user_id).execute()
      if (own.length >= MOST_WAITING) return { is: 'too many' }
      const begun = await transaction
        .insertInto('operations')
        .values({
          ...wanted,
          key: randomUUID(),
          state: 'asked',
          asked_at: time,
          expires_at: new Date(now + DECISION_SECONDS * 1000).toISOString(),
        })
        .returning(['id', 'key'])
        .executeTakeFirstOrThrow()
      return { is: 'begun', ...begun }
    },
  )
}

/** Stores the id that the platform assigned. Ignores the state, because a callback may already have changed it. */
export async function noteAccepted(
  database: Kysely<Database>,
  { id, key }: OperationName,
  platformId: string,
): Promise<void> {
  await database
    .updateTable('operations')
    .set({ platform_id: platformId })
    .where('id', '=', id)
    .where('key', '=', key)
    .execute()
}

export async function giveUp(
  database: Kysely<Database>,
  { id, key }: OperationName,
  state: 'unreachable' | 'unanswered' | 'rejected',
): Promise<void> {
  await database
    .updateTable('operations')
    .set({ state })
    .where('id', '=', id)
    .where('key', '=', key)
    .where('state', '=', 'asked')
    .execute()
}

/** Stores the decision with one update, which requires an undecided, unexpired operation of this session and user. */
export async function completeOperation(
  database: Kysely<Database>,
  { id, key, sessionId, userId }: OperationName & { sessionId: string; userId: string | undefined },
  decision: 'approved' | 'refused',
  now: number,
): Promise<Completed> {
  const time = new Date(now).toISOString()
  const { numUpdatedRows } = await database
    .updateTable('operations')
    .set({ state: decision, decided_at: time })
    .where('id', '=', id)
    .where('key', '=', key)
    .where('session_id', '=', sessionId)
    .where('user_id', '=', Number(userId))
    .where('state', '=', 'asked')
    .where('expires_at', '>', time)
    .executeTakeFirstOrThrow()
  if (numUpdatedRows > 0n) return { is: 'completed' }
  const found = await database
    .selectFrom('operations')
    .selectAll()
    .where('id', '=', id)
    .where('key', '=', key)
    .executeTakeFirst()
  if (found === undefined) return { is: 'gone' }
  if (found.session_id !== sessionId || String(found.user_id) !== userId) return { is: 'not yours' }
  return { is: 'over', state: stateAt(found, now) }
}

export function findOperation(database: Kysely<Database>, id: number): Promise<NamedOperation | undefined> {
  return named(database).where('operations.id', '=', id).executeTakeFirst()
}

export function operationsFor(database: Kysely<Database>, customerId: number): Promise<NamedOperation[]> {
  return newestFirst(named(database).where('operations.customer_id', '=', customerId))
}

/** Returns the operations of this user, except for customers whom the user no longer sees. */
export function operationsBy(database: Kysely<Database>, { userId, seesAll }: Viewer): Promise<NamedOperation[]> {
  return newestFirst(
    named(database)
      .where('operations.user_id', '=', userId)
      .$if(!seesAll, (all) => all.where('customers.sales_person', '=', userId)),
  )
}

/** Like `operationsBy`, but only those that wait for a decision. */
export function waitingOperations(
  database: Kysely<Database>,
  { userId, seesAll }: Viewer,
  now: number,
): Promise<NamedOperation[]> {
  const values: Record<string, unknown> = { userId, now: new Date(now).toISOString() }
  const build = (slot: Slot) =>
    named(database)
      .where('operations.user_id', '=', slot('userId'))
      .$if(!seesAll, (all) => all.where('customers.sales_person', '=', slot('userId')))
      .where('operations.state', '=', 'asked')
      .where('operations.expires_at', '>', slot('now'))
      .orderBy('operations.expires_at')
  // On a public demo, the query depends on the visitor.
  if (currentVisit() !== undefined) return build((name) => values[name]).execute()
  return runPrepared(database, `waiting operations ${seesAll}`, values, build)
}

function named(database: Kysely<Database>) {
  return database
    .selectFrom('operations')
    .innerJoin('customers', 'customers.id', 'operations.customer_id')
    .innerJoin('sales_persons', 'sales_persons.user_id', 'operations.user_id')
    .where('customers.removed_at', 'is', null)
    .selectAll('operations')
    .select(['customers.name as customer', 'sales_persons.firstname', 'sales_persons.lastname'])
    .$if(currentVisit() !== undefined, (all) => all.where('operations.session_id', 'in', sessionIdsOfVisitor(database)))
}

function newestFirst(query: ReturnType<typeof named>): Promise<NamedOperation[]> {
  return query.orderBy('operations.id', 'desc').limit(MOST_LISTED).execute()
}
