import { createHash } from 'node:crypto'
import { LOGIN_LIMIT, LOGINS } from './login-library.ts'
import { ADDING, CREDENTIALS, ENDS, INDEXES, LIMITS, RECORDS } from './lua-library.ts'

export interface Script {
  readonly text: string
  readonly sha: string
}

const LIBRARY = [RECORDS, CREDENTIALS, INDEXES, ENDS, LOGINS, LIMITS, LOGIN_LIMIT, ADDING].flatMap(definitionsIn)

/**
 * Puts before each part the definitions of the library that the part needs. A call executes every definition that it
 * reaches, so a part that returns in a frequent case comes before a part that needs more definitions.
 */
export function script(...parts: string[]): Script {
  const included = new Set<string>()
  for (const part of parts) {
    for (const definition of neededBy(part)) included.add(definition)
    included.add(part)
  }
  const text = [...included].join('\n')
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** A definition uses only earlier definitions, so one pass in reverse order finds all that are needed. */
function neededBy(code: string): string[] {
  const words = wordsIn(code)
  const needed: string[] = []
  for (const { names, text } of [...LIBRARY].reverse()) {
    if (!names.some((name) => words.has(name))) continue
    needed.unshift(text)
    for (const word of wordsIn(text)) words.add(word)
  }
  return needed
}

interface Definition {
  readonly names: readonly string[]
  readonly text: string
}

/** Each definition starts with `local` at the beginning of a line. */
function definitionsIn(library: string): Definition[] {
  return library
    .replaceAll(/^ *--.*\n/gm, '')
    .split(/^(?=local )/m)
    .filter((text) => text.startsWith('local '))
    .map((text) => ({ names: namesOf(text), text: text.trimEnd() }))
}

function namesOf(definition: string): string[] {
  const [, names = ''] = /^local (?:function )?(\w+(?:, \w+)*)/.exec(definition) ?? []
  return names.split(', ')
}

function wordsIn(text: string): Set<string> {
  return new Set(text.match(/\w+/g))
}
