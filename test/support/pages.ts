import assert from 'node:assert/strict'
import { sweepRemovedCustomers, UNDO_MINUTES } from '../../src/crm/index.ts'
import type { Parts } from '../../src/parts/parts.ts'
import type { Demo } from './demo.ts'
import type { Answer, Visitor } from './visitor.ts'

export function messageOf({ text }: Answer): string {
  return /role="alert">([^<]*)</.exec(text)?.[1] ?? ''
}

/** What a page says after an action. */
export function noticeOf({ text }: Answer): string {
  return /id="toast" role="status">([^<]*)</.exec(text)?.[1] ?? ''
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

/** Waits until no removal can be undone, and deletes the removed customers. */
export async function forgetRemovedCustomers({ parts, clock }: Pick<Demo, 'parts' | 'clock'>): Promise<void> {
  clock.advance({ minutes: UNDO_MINUTES })
  await sweepRemovedCustomers(parts.database, clock.now())
}

/** The fields of the form with this action, as a browser would send them. The query of the action does not count. */
export function fieldsOf({ text }: Answer, action: string): Record<string, string> {
  const form = [...text.matchAll(/<form[^>]*method="post"[^>]*>[\s\S]*?<\/form>/g)].find(
    ([html]) => /action="([^"?]+)/.exec(html)?.[1] === action,
  )?.[0]
  assert.ok(form !== undefined, `the page has no form ${action}`)
  const fields: Record<string, string> = {}
  for (const [input] of form.matchAll(/<input[^>]*>/g)) {
    const { name, value = '', type } = attributesOf(input)
    if (name !== undefined && (!/checkbox|radio/.test(String(type)) || / checked/.test(input))) fields[name] = value
  }
  for (const [, name = '', value = ''] of form.matchAll(/<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</g))
    fields[name] = unescapeHtml(value)
  for (const [, name = '', options = ''] of form.matchAll(/<select[^>]* name="([^"]+)"[^>]*>([\s\S]*?)<\/select>/g))
    fields[name] = unescapeHtml(/value="([^"]*)" selected/.exec(options)?.[1] ?? '')
  return fields
}

function attributesOf(tag: string): Record<string, string> {
  return Object.fromEntries(
    [...tag.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, unescapeHtml(value)]),
  )
}

export function unescapeHtml(html: string): string {
  return html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}

/** All rows of the CRM's tables as a text. Every change of a row changes the text. */
export async function snapshotOf({ database }: Pick<Parts, 'database'>): Promise<string> {
  const tables = await Promise.all([
    database.selectFrom('sales_persons').selectAll().orderBy('user_id').execute(),
    database.selectFrom('customers').selectAll().orderBy('id').execute(),
    database.selectFrom('purchases').selectAll().orderBy('id').execute(),
    database.selectFrom('operations').selectAll().orderBy('id').execute(),
    database.selectFrom('customer_notes').selectAll().orderBy('id').execute(),
  ])
  return JSON.stringify(tables)
}
