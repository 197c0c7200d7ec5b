import { type Credential, isTime } from '../../record.ts'
import { isPublicKeyText } from './public-key.ts'

/** The binding of a cookie to a key of the browser, as the cookie's credential keeps it in `details`. */
export interface Binding {
  /** The origin of the login that created the cookie (see `Credential.details`). */
  readonly origin: string | undefined
  /** The browser's public key, as text; undefined if the stored text is damaged. No proof then succeeds. */
  readonly publicKey: string | undefined
  readonly since: number
  /** The number of failures since `firstFailure`. */
  readonly failures: number
  readonly firstFailure: number
  readonly lastFailure: number
}

const MARK = 'bound'
const NONE = '-'

type Bindable = Pick<Credential, 'kind' | 'handle' | 'details'>

/** The text names its credential, so that a copy of the text binds no other cookie. */
export function isBound({ kind, handle, details }: Bindable): boolean {
  return kind === 'cookie' && details !== null && details.startsWith(`${MARK} ${handle} `)
}

/** Returns undefined for a credential that is not bound. */
export function bindingOf(credential: Bindable): Binding | undefined {
  const { details } = credential
  if (details === null || !isBound(credential)) return undefined
  const [, , , publicKey = '', ...numbers] = details.split(' ')
  const [since = 0, failures = 0, firstFailure = 0, lastFailure = 0] = numbers.map(numberOrZero)
  return {
    origin: originOf(details),
    publicKey: isPublicKeyText(publicKey) ? publicKey : undefined,
    since,
    failures,
    firstFailure,
    lastFailure,
  }
}

function numberOrZero(text: string): number {
  return isTime(Number(text)) ? Number(text) : 0
}

export function detailsOf(handle: string, binding: Binding): string {
  const { origin = NONE, publicKey = NONE, since, failures, firstFailure, lastFailure } = binding
  return [MARK, handle, origin, publicKey, since, failures, firstFailure, lastFailure].join(' ')
}

/** Returns the origin of a login in the details of its cookie, or in the tombstone of its cookie. */
export function originOf(details: string | null): string | undefined {
  if (details === null) return undefined
  if (!details.startsWith(`${MARK} `)) return details
  const origin = details.split(' ')[2]
  return origin === NONE ? undefined : origin
}
