// About 100 years. Every store, timer and `Date` accepts a time that is this far in the future.
const LONGEST_MILLISECONDS = 100 * 365 * 24 * 3_600_000

const UNITS = { hours: 3_600_000, minutes: 60_000, seconds: 1000 } as const

/** @returns whole milliseconds. @throws TypeError for a lifetime that is below `least` or longer than 100 years. */
export function lifetimeMilliseconds(name: string, value: unknown, unit: keyof typeof UNITS, least: number): number {
  const longest = LONGEST_MILLISECONDS / UNITS[unit]
  if (typeof value === 'number' && value >= least && value <= longest) return Math.ceil(value * UNITS[unit])
  const got = typeof value === 'string' ? JSON.stringify(value) : String(value)
  throw new TypeError(`${name}: a number of ${unit} from ${least} up to ${longest} (100 years), got ${got}.`)
}
