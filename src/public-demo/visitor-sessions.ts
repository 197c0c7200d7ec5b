import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../db/tables.ts'
import type { Sessions } from '../session/index.ts'
import { currentVisit, currentVisitor } from './visit.ts'

/**
 * Stores which visitor began which session, also an API token. Accounts of the demo are shared, so they do not tell. Also
 * stores whose one-time links a browser opens: a private window in which visitors try the demo is a browser of its own.
 */
export function followVisitors(
  sessions: Pick<Sessions, 'on'>,
  { database, log }: { database: Kysely<Database>; log: Pick<Logger, 'warn'> },
): void {
  const note = (store: (visitor: string) => Promise<unknown>) => {
    const visit = currentVisit()
    // Without the row, the visitor can use the session, but cannot end it on the console.
    visit?.writes.push(
      store(visit.visitor).catch((err) =>
        log.warn({ event: 'visitor.note', err }, 'the visitor of a session could not be stored'),
      ),
    )
  }
  const began = ({ id }: { id: string }) => note((visitor) => storeSession(database, id, visitor))
  sessions.on('created', ({ via, ...event }) => via !== 'sign-in' && began(event))
  sessions.on('secured', began)
  sessions.on('restored', ({ id, requestOnly }) => requestOnly || note((visitor) => storeHost(database, id, visitor)))
}

async function storeSession(database: Kysely<Database>, session_id: string, visitor: string): Promise<void> {
  const host = database.selectFrom('visitor_hosts').select('host').where('visitor', '=', visitor)
  await database
    .insertInto('visitor_sessions')
    .values({ session_id, visitor, host })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

async function storeHost(database: Kysely<Database>, sessionId: string, visitor: string): Promise<void> {
  const owner = await database
    .selectFrom('visitor_sessions')
    .select('visitor')
    .where('session_id', '=', sessionId)
    .executeTakeFirst()
  if (owner === undefined || owner.visitor === visitor) return
  const host = { host: owner.visitor }
  await database
    .insertInto('visitor_hosts')
    .values({ visitor, ...host })
    .onConflict((conflict) => conflict.column('visitor').doUpdateSet(host))
    .execute()
}

/** Selects the ids of the sessions that a visitor began. */
export function sessionIdsOfVisitor(database: Kysely<Database>, visitor = currentVisitor()) {
  return database
    .selectFrom('visitor_sessions')
    .select('visitor_sessions.session_id')
    .where('visitor_sessions.visitor', '=', visitor)
}

/** Selects, for the console, also the sessions of browsers that had opened a one-time link of the visitor before. */
export function sessionIdsOfHost(database: Kysely<Database>) {
  return database
    .selectFrom('visitor_sessions')
    .select('visitor_sessions.session_id')
    .where((row) => row.or([row('visitor', '=', currentVisitor()), row('host', '=', currentVisitor())]))
}

/** The current visitor becomes the one who made the token. A client that signed in over the API is a visitor of its own. */
export async function visitAsOwnerOf(database: Kysely<Database>, sessionId: string): Promise<void> {
  const visit = currentVisit()
  if (visit === undefined) return
  const row = await database
    .selectFrom('visitor_sessions')
    .select('visitor')
    .where('session_id', '=', sessionId)
    .executeTakeFirst()
  visit.visitor = row?.visitor ?? sessionId
  visit.sessionId = sessionId
}

/** Whether this visitor signed up the account with this address. No visitor signed up the accounts of the demo. */
export async function hasSignedUp(database: Kysely<Database>, visitor: string, email: string): Promise<boolean> {
  const user = await database
    .selectFrom('users')
    .innerJoin('visitor_sessions', 'visitor_sessions.session_id', 'users.session_id')
    .select('users.id')
    .where('users.email', '=', email)
    .where('visitor_sessions.visitor', '=', visitor)
    .executeTakeFirst()
  return user !== undefined
}
