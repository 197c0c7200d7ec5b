const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' })
const decimal = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 })
const whole = new Intl.NumberFormat('en-GB')

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A moment for people, and exactly. */
export interface Moment {
  iso: string
  /** "5 Jan 2026, 09:00:00 UTC" */
  exact: string
  /** "3 min ago" */
  ago: string
}

export function momentOf(time: Date, now: number): Moment {
  return { iso: time.toISOString(), exact: exactly(time), ago: ago(now - time.getTime()) }
}

/** "5 Jan 2026, 09:00:00 UTC" */
export function exactly(time: Date): string {
  return `${moment.format(time)} UTC`
}

/** How long until then: "58 min", "11 h 20 min", "29 days"; "no end" for a moment that never comes. */
export function timeLeft(until: Date | null, now: number): string {
  if (until === null) return 'no end'
  const milliseconds = until.getTime() - now
  // The minute that has begun counts: a session that was made now has its whole time left.
  return milliseconds <= 0 ? 'ends now' : lengthOf(Math.ceil(milliseconds / MINUTE) * MINUTE)
}

/** 1234567 → "1,234,567" */
export function count(number: number, one = '', many = ''): string {
  return `${whole.format(number)} ${number === 1 ? one : many}`.trim()
}

/** 1234 → "1.2 kB" */
export function sizeOf(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${decimal.format(bytes / 1000)} kB`
}

function ago(milliseconds: number): string {
  return milliseconds < MINUTE ? 'just now' : `${lengthOf(milliseconds)} ago`
}

function lengthOf(milliseconds: number): string {
  if (milliseconds < MINUTE) return 'under a minute'
  if (milliseconds < HOUR) return `${Math.floor(milliseconds / MINUTE)} min`
  const hours = Math.floor(milliseconds / HOUR)
  const minutes = Math.floor((milliseconds % HOUR) / MINUTE)
  if (hours < 24) return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`
  return count(Math.floor(milliseconds / DAY), 'day', 'days')
}
