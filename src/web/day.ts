const DAY = 24 * 60 * 60 * 1000

/** Returns the day of a moment in UTC, as `YYYY-MM-DD`. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

export function dayAfter(day: string, days: number): string {
  return dayOf(Date.parse(day) + days * DAY)
}
