import type { Clock } from '../core/clock.ts'

export interface ManualClock extends Clock {
  /** Advances the time and runs the timers that are due, in order. */
  advance(by: { hours?: number; minutes?: number; seconds?: number; milliseconds?: number }): void
}

/** A clock whose time changes only by `advance`. Tests of timeouts therefore do not wait. */
export function manualClock(start = Date.UTC(2026, 0, 5, 9)): ManualClock {
  let time = start
  let timers: { at: number; run: () => void }[] = []
  return {
    now: () => time,
    after(milliseconds, run) {
      const timer = { at: time + milliseconds, run }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance({ hours = 0, minutes = 0, seconds = 0, milliseconds = 0 }) {
      const until = time + ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
      for (;;) {
        const due = timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0]
        if (!due) break
        timers = timers.filter((timer) => timer !== due)
        time = Math.max(time, due.at)
        due.run()
      }
      time = until
    },
  }
}
