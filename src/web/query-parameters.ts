import type { Context } from 'koa'
import { maskSecrets } from './mask-secrets.ts'
import { Problem } from './problem.ts'

const LONGEST_TEXT = 120

/** Returns '' for a missing parameter. Throws a `Problem` (400) for a repeated or too long parameter. */
export function readParameter(query: Record<string, unknown>, name: string, longest = LONGEST_TEXT): string {
  const value = query[name]
  if (value === undefined) return ''
  if (typeof value !== 'string') throw new Problem(400, `The address gives “${name}” more than once. Give it once.`)
  const text = value.trim()
  if (text.length > longest) throw new Problem(400, `“${name}” is too long: at most ${longest} characters.`)
  return text
}

/** Returns `undefined` for a missing parameter. Throws a `Problem` (400) for a value outside `words`. */
export function readChoice<T extends string>(
  query: Record<string, unknown>,
  name: string,
  words: readonly T[],
): T | undefined {
  const text = readParameter(query, name)
  if (text === '') return undefined
  const word = words.find((known) => known === text)
  if (word === undefined) throw new Problem(400, `“${name}” is one of: ${words.join(', ')}.`)
  return word
}

/** Returns a URL. Empty parameters are omitted. */
export function writeAddress(path: string, parameters: Record<string, string | undefined>): string {
  const set = Object.entries(parameters).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return set.length === 0 ? path : `${path}?${new URLSearchParams(set)}`
}

/** Returns the parameters of a URL in readable form and without secrets, for the audit trail. '' if there are none. */
export function describeParameters(address: string): string {
  const [, query = ''] = address.split('?')
  return decodeURIComponent(maskSecrets(query).replaceAll('+', ' '))
}

/**
 * Redirects to `address` if a form has sent empty fields, which would make the URL of the page long. Returns whether
 * the request was redirected. A parameter without a value, such as `?refresh`, belongs to scripts.
 */
export function redirectedFromEmptyFields(ctx: Context, address: string): boolean {
  if (!/(^|&)(?!refresh=)[^=&]+=(&|$)/.test(ctx.querystring)) return false
  ctx.status = 302
  ctx.redirect(address)
  return true
}

/** An option of a select field. */
export interface Choice {
  value: string
  label: string
  selected: boolean
}

export function choices(labels: Iterable<readonly [value: string, label: string]>, selected = ''): Choice[] {
  return Array.from(labels, ([value, label]) => ({ value, label, selected: value === selected }))
}
