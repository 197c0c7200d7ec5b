import { maskSecrets } from '../web/mask-secrets.ts'

// Who has one of these values can send a form again, or guess which change of an account a session accepts.
const SECRET_VALUES = ['consumedForms', 'securityStamps']
const SECRET_NAME = /pass|token|secret|once|stamp|otp/i
const LONGEST = 300
const MASK = '•••'

/** Returns the JSON of a stored value. Secrets are masked, and a long text is cut. */
export function shownValue(name: string, value: unknown): string {
  if (SECRET_VALUES.includes(name)) return Array.isArray(value) ? `${value.length} × ${MASK}` : MASK
  const text = JSON.stringify(value, masked, 1).replace(/\n\s*/g, ' ')
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

function masked(name: string, value: unknown): unknown {
  if (SECRET_NAME.test(name)) return MASK
  return typeof value === 'string' ? maskSecrets(value) : value
}
