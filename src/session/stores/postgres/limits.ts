import type { Limits } from '../../store.ts'

export const licences = ({ sessions, guests }: Limits) => [whole(sessions), whole(guests)]
export const perUser = ({ sessionsPerUser }: Limits) => whole(sessionsPerUser)
export const caps = ({ credentials, otps }: Limits) => [whole(credentials), whole(otps)]

// Just below the largest PostgreSQL integer. A higher limit is treated as no limit.
const MOST = 2_000_000_000

export function whole(limit: number | undefined): number | null {
  return limit === undefined || limit > MOST ? null : Math.ceil(limit)
}
