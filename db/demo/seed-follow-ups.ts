import type { Insertable } from 'kysely'
import type { Database } from '../tables.ts'
import { PseudoRandom } from './pseudo-random.ts'

interface FollowUps {
  nextSteps: { id: number; next_step: string; next_step_on: string }[]
  notes: Insertable<Database['customer_notes']>[]
}

const SEED = 1904
const DAY_MS = 24 * 60 * 60 * 1000
const STEPS = ['Call back about the offer', 'Send the price list', 'Visit the plant', 'Agree on the calibration dates']
const NOTES = [
  'Prefers calls in the morning.',
  'Compares our flow meters with those of another supplier.',
  'Asked for an offer with installation.',
  'Wants the invoices by e-mail only.',
]

/**
 * Returns next steps and notes for some of the customers. The days are around `now`, so that some steps are due. The
 * two customers of the newest salesperson have none.
 */
export function makeFollowUps(
  customers: readonly { id?: number | undefined; sales_person: number }[],
  now: number,
): FollowUps {
  const random = new PseudoRandom(SEED)
  const day = (days: number) => new Date(now + days * DAY_MS).toISOString().slice(0, 10)
  const followUps: FollowUps = { nextSteps: [], notes: [] }
  for (const { id = 0, sales_person } of customers) {
    if (sales_person === 4) continue
    if (random.between(1, 8) === 1) {
      const on = day(random.between(-14, 20))
      followUps.nextSteps.push({ id, next_step: random.pick(STEPS), next_step_on: on })
    }
    if (random.between(1, 6) === 1)
      followUps.notes.push({
        customer_id: id,
        user_id: sales_person,
        text: random.pick(NOTES),
        written_at: `${day(-random.between(1, 90))}T09:00:00.000Z`,
      })
  }
  return followUps
}
