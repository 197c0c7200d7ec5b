import assert from 'node:assert/strict'
import type { Parts } from '../../src/parts/parts.ts'
import type { Answer, Visitor } from './visitor.ts'

export function messageOf({ text }: Answer): string {
  return /role="alert">([^<]*)</.exec(text)?.[1] ?? ''
}

export function headingOf({ text }: Answer): string {
  return /<h1>(.*?)<\/h1>/.exec(text)?.[1]?.replace(/<[^>]*>/g, '') ?? ''
}

/** The names in a list of customers or in the top 3. */
export function namesOf({ text }: Answer): string[] {
  return [...text.matchAll(/<a (?:class="name" )?href="\/customers\/\d+(?:\?[^"]*)?">([^<]*)<\/a>/g)].map(
    ([, name = '']) => name,
  )
}

/** The page without the chip of the session, which names the request. */
export function withoutChip({ text }: Answer): string {
  return text.replace(/<a class="session-chip".*/, '')
}

/** The path and query of a URL of the demo. */
export function pathOf(address: string | undefined): string {
  assert.ok(address, 'there is no address')
  return address.replace(/^https?:\/\/[^/]+/, '')
}

export function sessionIdOf(visitor: Visitor): string {
  const { sessionCookie } = visitor
  return sessionCookie.slice(0, sessionCookie.indexOf('.'))
}

/** All rows of the CRM's tables as a text. Every change of a row changes the text. */
export async function snapshotOf({ database }: Parts): Promise<string> {
  const tables = await Promise.all([
    database.selectFrom('sales_persons').selectAll().orderBy('user_id').execute(),
    database.selectFrom('customers').selectAll().orderBy('id').execute(),
    database.selectFrom('purchases').selectAll().orderBy('id').execute(),
    database.selectFrom('operations').selectAll().orderBy('id').execute(),
  ])
  return JSON.stringify(tables)
}
