import { Problem } from '../web/problem.ts'

const LONGEST_PARAMS = 1000

/** A missing result means approval, as 4D documents. Throws `Problem` 400 for an unknown or repeated value. */
export function readResult(result: unknown): 'approved' | 'refused' {
  if (result === undefined || result === 'approved') return 'approved'
  if (result === 'refused') return result
  throw new Problem(400, 'The parameter “result” is approved or refused, and given once.')
}

/** Throws `Problem` 400 for a repeated parameter. */
export function readState(state: unknown): string | undefined {
  if (state === undefined || typeof state === 'string') return state
  throw new Problem(400, 'The parameter “state” is given once.')
}

/** Reads the token from `$params='["TOKEN"]'`. The single quotes are optional. Throws `Problem` 400 for any other value. */
export function readParams(params: unknown): string {
  if (typeof params !== 'string' || params.length > LONGEST_PARAMS) throw malformed()
  const values = parse(/^'(.*)'$/s.exec(params)?.[1] ?? params)
  if (!Array.isArray(values) || values.length !== 1 || typeof values[0] !== 'string') throw malformed()
  return values[0]
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw malformed()
  }
}

function malformed(): Problem {
  return new Problem(400, 'The parameter “$params” is a JSON list with the token as its only element, given once.')
}
