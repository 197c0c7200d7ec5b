import type { Kysely } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { currentVisit } from '../public-demo/visit.ts'
import { sessionIdsOfVisitor } from '../public-demo/visitor-sessions.ts'

export interface FoundPerson {
  userId: string
  userName: string
  email: string
}

export interface FoundPeople {
  people: FoundPerson[]
  more: boolean
}

const MOST = 20

/**
 * Finds people by userId, by e-mail address or by part of a staff name. Case and accents do not matter. If the
 * text is the complete name of a person, only people with this name are found.
 */
export async function findPeople(database: Kysely<Database>, text: string, most = MOST): Promise<FoundPeople> {
  const wanted = folded(text)
  if (wanted === '') return { people: [], more: false }
  const people = (await exactly(database, text.trim().toLowerCase())) ?? (await named(database, wanted))
  return { people: people.slice(0, most), more: people.length > most }
}

export function tooManyPeople({ people }: FoundPeople): string {
  return `More than ${people.length} people may be meant. Be more precise: give more of the name, the address or the userId.`
}

/** Finds people by userId or e-mail address. Returns `undefined` for any other text. */
async function exactly(database: Kysely<Database>, text: string): Promise<FoundPerson[] | undefined> {
  const staff = staffOf(database)
  const customers = database
    .selectFrom('users')
    .select(['id', 'email'])
    .where('validated', '=', 1)
    .$if(currentVisit() !== undefined, (users) => users.where('session_id', 'in', sessionIdsOfVisitor(database)))
  if (/^\d{1,9}$/.test(text)) return (await staff.where('user_id', '=', Number(text)).execute()).map(salesperson)
  if (/^[0-9a-f-]{36}$/.test(text)) return (await customers.where('id', '=', text).execute()).map(customer)
  if (!text.includes('@')) return undefined
  return [
    ...(await staff.where('email', '=', text).execute()).map(salesperson),
    ...(await customers.where('email', '=', text).execute()).map(customer),
  ]
}

/** Finds staff by name. Compares names in memory, because databases differ in how they fold non-ASCII letters. */
async function named(database: Kysely<Database>, wanted: string): Promise<FoundPerson[]> {
  const staff = (await staffOf(database).orderBy('user_id').execute()).map(salesperson)
  const people = staff.filter(({ userName }) => folded(userName).includes(wanted))
  const bearers = people.filter(({ userName }) => folded(userName) === wanted)
  return bearers.length > 0 ? bearers : people
}

function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .trim()
}

function staffOf(database: Kysely<Database>) {
  return database.selectFrom('sales_persons').select(['user_id', 'firstname', 'lastname', 'email'])
}

function salesperson(row: { user_id: number; firstname: string; lastname: string; email: string }): FoundPerson {
  return { userId: String(row.user_id), userName: `${row.firstname} ${row.lastname}`, email: row.email }
}

function customer({ id, email }: { id: string; email: string }): FoundPerson {
  return { userId: id, userName: email, email }
}
