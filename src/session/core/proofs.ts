import { type Credential, isTime } from '../record.ts'
import { proofsIn } from './credentials/cookie-purpose.ts'
import { dateOf } from './session-description.ts'

/** How the user authenticated on a device, and when: the time of the last proof of each name. */
export type Proofs = Readonly<Record<string, Date>>

export const NO_PROOFS: Proofs = Object.freeze(Object.create(null))

const NAME = /^[a-z][a-z0-9_-]{0,39}$/i
/** A further proof with another name drops the oldest proof. */
const MOST_PROOFS = 10

/** @throws TypeError for an invalid name of a proof. */
export function checkProofName(where: string, proof: unknown): void {
  if (typeof proof !== 'string' || !NAME.test(proof))
    throw new TypeError(
      `${where}: proof is a name of 1 to 40 letters, digits, "-" and "_" that begins with a letter, such as 'password'; got ${JSON.stringify(proof)}.`,
    )
}

/** @throws TypeError for an invalid name, and for a proof without `login: true`. */
export function checkProof(where: string, { login, proof }: { login?: boolean; proof?: string }): void {
  if (proof === undefined) return
  checkProofName(where, proof)
  if (login !== true) throw new TypeError(`${where}: proof needs login: true, because the user has just given a proof.`)
}

/** Returns the times of the proofs. A bearer token has none, and damaged proofs count as none. */
function proofTimes(credential: Pick<Credential, 'kind' | 'purpose'>): Map<string, number> {
  return new Map(entriesIn(proofsIn(credential)))
}

export function proofsOf(credential: Credential): Proofs {
  const proofs: Record<string, Date> = Object.create(null)
  for (const [name, time] of proofTimes(credential)) {
    const date = dateOf(time)
    if (date) proofs[name] = date
  }
  return Object.freeze(proofs)
}

/** Adds a proof to the proofs of the device's old cookie. Returns the text for the new cookie; null for no proofs. */
export function withProof(old: Credential | undefined, proof: string | undefined, now: number): string | null {
  if (!old && proof === undefined) return null
  const times = old ? proofTimes(old) : new Map<string, number>()
  if (proof !== undefined) times.set(proof, now)
  const newest = [...times].sort(([, one], [, other]) => other - one).slice(0, MOST_PROOFS)
  return newest.length === 0 ? null : JSON.stringify(newest)
}

function entriesIn(text: string): [string, number][] {
  try {
    const entries: unknown = JSON.parse(text)
    return Array.isArray(entries) && entries.every(isEntry) ? entries : []
  } catch {
    return []
  }
}

function isEntry(entry: unknown): entry is [string, number] {
  return Array.isArray(entry) && typeof entry[0] === 'string' && isTime(entry[1])
}
