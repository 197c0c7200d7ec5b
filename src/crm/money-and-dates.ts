const money = new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'EUR' })
const wholeMoney = new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 })
const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' })
const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
const count = new Intl.NumberFormat('en-GB')

/** Cents as people write them: 123456 → "€1,234.56". */
export function formatMoney(cents: number): string {
  return money.format(cents / 100)
}

/** Cents without the cents, for overviews: 123456 → "€1,235". */
export function formatWholeMoney(cents: number): string {
  return wholeMoney.format(cents / 100)
}

/** `2026-06-30` → "30 Jun 2026". */
export function formatDay(date: string): string {
  return day.format(new Date(`${date}T00:00:00Z`))
}

/** An ISO time as people write it: "30 Jun 2026, 14:05 UTC". */
export function formatMoment(time: string): string {
  return `${moment.format(new Date(time))} UTC`
}

/** 1 → "1 customer", 1200 → "1,200 customers". */
export function formatCount(number: number, one: string, many: string): string {
  return `${count.format(number)} ${number === 1 ? one : many}`
}
