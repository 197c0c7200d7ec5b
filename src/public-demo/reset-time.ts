import { formatTimeLeft } from '../web/format.ts'

/** The hour at which all data is reset, in UTC. */
const RESET_HOUR = 3
const HOUR_MILLISECONDS = 60 * 60_000
const DAY_MILLISECONDS = 24 * HOUR_MILLISECONDS

/** Pages announce the reset this long before. */
const NOTICE_SECONDS = 10 * 60

/** The time of the next reset, after `now`. */
export function nextReset(now: number): number {
  const today = Math.floor(now / DAY_MILLISECONDS) * DAY_MILLISECONDS + RESET_HOUR * HOUR_MILLISECONDS
  return today > now ? today : today + DAY_MILLISECONDS
}

/** What a page tells about the next reset. Its script continues the countdown. */
interface ResetCountdown {
  secondsLeft: number
  noticeSeconds: number
  /** For example `5 h 12 min`. */
  left: string
  /** For example `03:00 UTC`. */
  at: string
  isSoon: boolean
}

export function resetCountdown(now: number): ResetCountdown {
  const at = nextReset(now)
  const secondsLeft = Math.ceil((at - now) / 1000)
  return {
    secondsLeft,
    noticeSeconds: NOTICE_SECONDS,
    left: formatTimeLeft(at, now),
    at: `${new Date(at).toISOString().slice(11, 16)} UTC`,
    isSoon: secondsLeft <= NOTICE_SECONDS,
  }
}

/** How long a visitor waits for the reset, as a value of `Retry-After`. */
export function secondsToReset(now: number): string {
  return String(Math.ceil((nextReset(now) - now) / 1000))
}
