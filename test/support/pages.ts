import type { Parts } from '../../src/parts/parts.ts'
import type { Answer, Visitor } from './visitor.ts'

/** The error message of the login page; '' for none. */
export function messageOf({ text }: Answer): string {
  return /role="alert">([^<]*)</.exec(text)?.[1] ?? ''
}

/** The page's main heading. */
export function headingOf({ text }: Answer): string {
  return /<h1>([^<]*)<\/h1>/.exec(text)?.[1] ?? ''
}

/** The names in a list of customers, or in the top 3, in their order. */
export function namesOf({ text }: Answer): string[] {
  return [...text.matchAll(/<a (?:class="name" )?href="\/customers\/\d+">([^<]*)<\/a>/g)].map(([, name = '']) => name)
}

/** The public id of the session that this visitor's cookie names. */
export function sessionIdOf(visitor: Visitor): string {
  const [value = ''] = visitor.cookies.values()
  return value.slice(0, value.indexOf('.'))
}

/** Everything in the CRM's tables, as one text that shows whether a request changed anything. */
export async function snapshotOf({ database }: Parts): Promise<string> {
  const tables = await Promise.all([
    database.selectFrom('sales_persons').selectAll().orderBy('user_id').execute(),
    database.selectFrom('customers').selectAll().orderBy('id').execute(),
    database.selectFrom('purchases').selectAll().orderBy('id').execute(),
    database.selectFrom('operations').selectAll().orderBy('id').execute(),
  ])
  return JSON.stringify(tables)
}
