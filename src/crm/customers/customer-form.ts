import { z } from 'zod'
import { describeIssue } from '../../web/describe-issue.ts'
import { Problem } from '../../web/problem.ts'
import { type NewCustomer, newCustomer } from './customer-fields.ts'

/** The fields of the form, in their order on the page. */
export const FORM_FIELDS = [
  { name: 'name', label: 'Name', type: 'text', longest: 120 },
  { name: 'industry', label: 'Industry', type: 'text', longest: 60 },
  { name: 'city', label: 'City', type: 'text', longest: 60 },
  { name: 'country', label: 'Country', type: 'text', longest: 60 },
  { name: 'contact', label: 'Contact', type: 'text', longest: 120 },
  { name: 'email', label: 'E-mail', type: 'email', longest: 254 },
  { name: 'phone', label: 'Telephone', type: 'tel', longest: 40 },
  { name: 'customerSince', label: 'Customer since', type: 'date', longest: 10 },
] as const

export type FieldName = (typeof FORM_FIELDS)[number]['name']
/** What a user typed, or what is stored. */
export type FieldTexts = Record<FieldName, string>
export type FieldProblems = Partial<Record<FieldName | 'salesperson', string>>

type ReadForm<T> =
  | { ok: true; values: T; typed: FieldTexts }
  | { ok: false; typed: FieldTexts; problems: FieldProblems }

const changedFields: z.ZodType<FieldTexts> = newCustomer.omit({ salesperson: true }).required()

/** Reads the form of a new customer. An empty day means today. `salesperson` is a userId, or ''. */
export function readNewCustomer(body: unknown): ReadForm<NewCustomer> & { salesperson: string } {
  const typed = textsIn(body)
  const salesperson = textIn(body, 'salesperson')
  const { customerSince, ...texts } = typed
  const given = {
    ...texts,
    ...(customerSince !== '' && { customerSince }),
    ...(salesperson !== '' && { salesperson: Number(salesperson) }),
  }
  return { ...check(newCustomer, given, typed), salesperson }
}

export function readCustomer(body: unknown): ReadForm<FieldTexts> {
  const typed = textsIn(body)
  return check(changedFields, typed, typed)
}

/** The texts of the fields as the page showed them, before the user changed them. */
export function shownTexts(body: unknown): FieldTexts {
  return textsIn(body, 'shown-')
}

export function textIn(body: unknown, name: string): string {
  const { [name]: value } = Object(body) as Record<string, unknown>
  return typeof value === 'string' ? value.trim() : ''
}

/** The random id of a form, or `undefined` if the form has none. */
export function tokenIn(body: unknown): string | undefined {
  return z.uuid().optional().catch(undefined).parse(Object(body).once)
}

/** The version of the customer that the page showed. */
export function versionIn(body: unknown): number {
  const version = textIn(body, 'version')
  if (!/^[1-9]\d{0,9}$/.test(version)) throw new Problem(422, 'This form is not complete. Open the customer again.')
  return Number(version)
}

function textsIn(body: unknown, prefix = ''): FieldTexts {
  return Object.fromEntries(FORM_FIELDS.map(({ name }) => [name, textIn(body, prefix + name)])) as FieldTexts
}

function check<T>(schema: z.ZodType<T>, given: object, typed: FieldTexts): ReadForm<T> {
  const read = schema.safeParse(given, { error: describeIssue })
  return read.success ? { ok: true, values: read.data, typed } : { ok: false, typed, problems: problemsOf(read.error) }
}

/** Returns one sentence for each field. */
export function problemsOf({ issues }: z.ZodError): Record<string, string> {
  const problems: Record<string, string> = {}
  for (const { path, message } of issues)
    problems[String(path[0])] ??= `${message.charAt(0).toUpperCase()}${message.slice(1)}.`
  return problems
}
