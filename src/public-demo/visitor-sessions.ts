import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../db/tables.ts'
import type { Sessions } from '../session/index.ts'
import { currentVisit, currentVisitor } from './visit.ts'

/** Stores which visitor began which session, also an API token. Accounts of the demo are shared, so they do not tell. */
export function followVisitors(
  sessions: Pick<Sessions, 'on'>,
  { database, log }: { database: Kysely<Database>; log: Pick<Logger, 'warn'> },
): void {
  const note = ({ id }: { id: string }) => {
    const visit = currentVisit()
    if (visit === undefined) return
    const row = { session_id: id, visitor: visit.visitor }
    const write = database
      .insertInto('visitor_sessions')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    // Without the row, the visitor can use the session, but cannot end it on the console.
    visit.writes.push(
      write.catch((err) => log.warn({ event: 'visitor.note', err }, 'the visitor of a session could not be stored')),
    )
  }
  sessions.on('created', ({ via, ...event }) => via !== 'sign-in' && note(event))
  sessions.on('secured', note)
}

/** Selects the ids of the sessions that a visitor began. */
export function sessionIdsOfVisitor(database: Kysely<Database>, visitor = currentVisitor()) {
  return database
    .selectFrom('visitor_sessions')
    .select('visitor_sessions.session_id')
    .where('visitor_sessions.visitor', '=', visitor)
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
