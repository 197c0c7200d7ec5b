const LOCALE = 'en-GB'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

// "Sept", but otherwise three letters.
const months = Array.from({ length: 12 }, (_, month) => inUtc({ month: 'short' }).format(Date.UTC(2026, month)))
const number = new Intl.NumberFormat(LOCALE)
const decimal = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 })
const money = new Intl.NumberFormat(LOCALE, { style: 'currency', currency: 'EUR' })
const compactMoney = new Intl.NumberFormat(LOCALE, {
  style: 'currency',
  currency: 'EUR',
  notation: 'compact',
  maximumFractionDigits: 1,
})
const percent = new Intl.NumberFormat(LOCALE, { style: 'percent' })
const wholeMoney = new Intl.NumberFormat(LOCALE, { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 })

type Time = Date | number | string

/** `2026-06-30` → "30 Jun 2026" */
export function formatDay(date: string): string {
  return `${Number(date.slice(-2))} ${months[Number(date.slice(-5, -3)) - 1]} ${Number(date.slice(0, -6))}`
}

/** "30 Jun 2026, 14:05 UTC" */
export const formatMoment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

/** "30 Jun 2026, 14:05:09 UTC" */
export const formatExactMoment = timeFormat({ dateStyle: 'medium', timeStyle: 'medium' })

/** "30 June 2026 at 14:05 UTC" */
export const formatLongMoment = timeFormat({ dateStyle: 'long', timeStyle: 'short' })

/** "14:05 UTC" */
export const formatTime = timeFormat({ timeStyle: 'short' })

/** "14:05:09 UTC" */
export const formatExactTime = timeFormat({ timeStyle: 'medium' })

/** "just now", "3 min ago" */
export function formatAgo(at: Time, now: number): string {
  const milliseconds = now - new Date(at).getTime()
  return milliseconds < MINUTE ? 'just now' : `${formatDuration(milliseconds)} ago`
}

/** For example "20 seconds" or "3 minutes". */
export function formatWait(seconds: number): string {
  return seconds > 60
    ? formatCount(Math.ceil(seconds / 60), 'minute', 'minutes')
    : formatCount(seconds, 'second', 'seconds')
}

/** Rounded up to minutes: "58 min", "11 h 20 min", "29 days". `null` → "no end", a past time → "ends now". */
export function formatTimeLeft(until: Time | null, now: number): string {
  if (until === null) return 'no end'
  const milliseconds = new Date(until).getTime() - now
  return milliseconds <= 0 ? 'ends now' : formatDuration(Math.ceil(milliseconds / MINUTE) * MINUTE)
}

/** 123456 cents → "€1,234.56" */
export function formatMoney(cents: number): string {
  return money.format(cents / 100)
}

/** 123456 cents → "€1,235" */
export function formatWholeMoney(cents: number): string {
  return wholeMoney.format(cents / 100)
}

/** 123456 cents → "€1.2K" */
export function formatCompactMoney(cents: number): string {
  return compactMoney.format(cents / 100)
}

/** 0.137 → "14%" */
export function formatShare(share: number): string {
  return percent.format(share)
}

/** `2026-06` → "Jun 2026" */
export function formatMonth(month: string): string {
  return `${formatMonthName(month)} ${Number(month.slice(0, -3))}`
}

/** `2026-06` → "Jun" */
export function formatMonthName(month: string): string {
  return months[Number(month.slice(-2)) - 1] ?? ''
}

/** 1 → "1 customer", 1200 → "1,200 customers", and without a noun "1,200" */
export function formatCount(count: number, one = '', many = ''): string {
  return `${number.format(count)} ${count === 1 ? one : many}`.trim()
}

/** 1234 → "1.2 kB" */
export function formatBytes(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${decimal.format(bytes / 1000)} kB`
}

function formatDuration(milliseconds: number): string {
  if (milliseconds < HOUR) return `${Math.floor(milliseconds / MINUTE)} min`
  const hours = Math.floor(milliseconds / HOUR)
  const minutes = Math.floor((milliseconds % HOUR) / MINUTE)
  if (hours < 24) return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`
  return formatCount(Math.floor(milliseconds / DAY), 'day', 'days')
}

function timeFormat(style: Intl.DateTimeFormatOptions): (at: Time) => string {
  const format = inUtc(style)
  return (at) => `${format.format(new Date(at))} UTC`
}

function inUtc(style: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(LOCALE, { ...style, timeZone: 'UTC' })
}
