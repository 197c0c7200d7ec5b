import type { z } from 'zod'
import { maskSecrets } from './mask-secrets.ts'

const LONGEST_NAME = 60
const MOST_FINDINGS = 10
const CHOICES = new Intl.ListFormat('en-GB', { type: 'disjunction' })

const KINDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
}

const FORMATS: Record<string, string> = {
  email: 'must be an e-mail address',
  date: 'must be a day that exists, such as 2026-01-31',
}

/** The error map for `safeParse(value, { error: describeIssue })`. Messages that a schema defines take precedence. */
export const describeIssue: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${KINDS[issue.expected] ?? issue.expected}`
    case 'too_small':
      if (issue.origin !== 'string') return `must be at least ${issue.minimum}`
      return issue.minimum === 1 ? 'must not be empty' : `must have at least ${issue.minimum} characters`
    case 'too_big':
      return issue.origin === 'string' ? `at most ${issue.maximum} characters` : `must be at most ${issue.maximum}`
    case 'invalid_value':
      return `must be ${CHOICES.format(issue.values.map(String))}`
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'has the wrong format'
    case 'unrecognized_keys':
      return 'is not a field here'
    default:
      return undefined
  }
}

/** Returns one sentence for each field: "name: is required. country: at most 60 characters." */
export function describeIssues(error: z.ZodError): string {
  const findings = new Map<string, string>()
  for (const issue of error.issues) {
    const names = issue.code === 'unrecognized_keys' ? issue.keys.map(printable) : [issue.path.map(String).join('.')]
    for (const name of names) if (!findings.has(name)) findings.set(name, issue.message)
  }
  const sentences = [...findings].map(([name, finding]) => `${name || 'body'}: ${finding}`)
  const more = sentences.length - MOST_FINDINGS
  return `${sentences.slice(0, MOST_FINDINGS).join('. ')}${more > 0 ? `. And ${more} more` : ''}.`
}

/** Shortens a name that the client sent, and removes invisible characters and tokens. */
function printable(name: string): string {
  const plain = maskSecrets(name).replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '\uFFFD')
  return plain.length > LONGEST_NAME ? `${plain.slice(0, LONGEST_NAME)}…` : plain
}
