import type { Credential } from '../../record.ts'

/**
 * What a cookie keeps in `purpose`: the secret key of its device binding, if there is one, and then the proofs of the
 * user as JSON.
 */
const KEY = /^[A-Za-z0-9_-]{43}/

export function purposeOf(bindingKey: string | undefined, proofs: string | null): string | null {
  return bindingKey === undefined ? proofs : `${bindingKey}${proofs ?? ''}`
}

/** Returns the key that signs the values of a device binding; undefined for a cookie that cannot be bound. */
export function bindingKeyOf({ kind, purpose }: Pick<Credential, 'kind' | 'purpose'>): string | undefined {
  return kind === 'cookie' && purpose !== null ? KEY.exec(purpose)?.[0] : undefined
}

/** Returns the proofs as JSON; '' for none. */
export function proofsIn({ kind, purpose }: Pick<Credential, 'kind' | 'purpose'>): string {
  return kind === 'cookie' && purpose !== null ? purpose.replace(KEY, '') : ''
}
