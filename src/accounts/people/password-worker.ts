import bcrypt from 'bcryptjs'
import { costOf, dummyHash } from './password-hash.ts'
import type { OwnWords, Weakness } from './password-strength.ts'

export type PasswordTask =
  | { kind: 'hash'; password: string; cost: number }
  | { kind: 'compare'; password: string; hash: string; cost: number }
  | { kind: 'judge'; password: string; words: OwnWords }

export type PasswordResult = string | boolean | Weakness | undefined

/** Runs in a worker thread, because bcrypt occupies a CPU core for about a third of a second. */
export default function work(task: PasswordTask): PasswordResult | Promise<PasswordResult> {
  if (task.kind === 'hash') return bcrypt.hashSync(task.password, task.cost)
  return task.kind === 'compare' ? compare(task) : judge(task)
}

/**
 * Always takes the time of `cost`. The time therefore reveals neither an account nor an older hash, nor whether the
 * password of a locked account is right.
 */
function compare({ password, hash, cost }: Extract<PasswordTask, { kind: 'compare' }>): boolean {
  const fits = bcrypt.compareSync(password, hash)
  // Each cost takes twice as long as the previous cost, so all comparisons together take the time of `cost`.
  for (let step = costOf(hash); step < cost; step++) bcrypt.compareSync(password, dummyHash(step))
  return fits
}

/** The lists of common passwords are loaded with the first new password, because a login does not need them. */
async function judge({ password, words }: Extract<PasswordTask, { kind: 'judge' }>): Promise<Weakness | undefined> {
  const { weaknessOf } = await import('./password-strength.ts')
  return weaknessOf(password, words)
}
