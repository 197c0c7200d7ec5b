import { Problem } from '../web/problem.ts'

const LONGEST_TEXT = 120

/** Returns '' for a missing parameter. A repeated or too long parameter is answered with 400. */
export function readParameter(query: Record<string, unknown>, name: string): string {
  const value = query[name]
  if (value === undefined) return ''
  if (typeof value !== 'string') throw new Problem(400, `The address gives “${name}” more than once. Give it once.`)
  const text = value.trim()
  if (text.length > LONGEST_TEXT) throw new Problem(400, `“${name}” is too long: at most ${LONGEST_TEXT} characters.`)
  return text
}

/** Returns `undefined` for a missing parameter. A value outside `words` is answered with 400. */
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

export interface Choice {
  value: string
  label: string
  selected: boolean
}

export function choices(labels: Record<string, string>, selected: string | undefined): Choice[] {
  return Object.entries(labels).map(([value, label]) => ({ value, label, selected: value === (selected ?? '') }))
}
