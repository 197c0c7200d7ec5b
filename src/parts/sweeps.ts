import { sweepSignUps } from '../accounts/index.ts'
import { sweepAudit } from '../audit/index.ts'
import { sweepRemovedCustomers } from '../crm/index.ts'
import type { Clock } from '../session/index.ts'
import type { BaseParts } from './base-parts.ts'

const INTERVAL_MILLISECONDS = 60 * 60_000
const PUBLIC_AUDIT_ROWS = { all: 100_000, anonymous: 50_000 }

/** Removes expired rows every hour. The returned function stops the sweeps and waits for a running sweep. */
export function startSweeping({ config, database, clock, log }: BaseParts): () => Promise<void> {
  return startInterval(clock, async () => {
    await sweepSignUps(database, clock.now()).catch((err) =>
      log.warn({ event: 'signup.sweep', err }, 'expired sign-ups could not be removed; the next sweep tries again'),
    )
    await sweepRemovedCustomers(database, clock.now()).catch((err) =>
      log.warn({ event: 'customers.sweep', err }, 'removed customers could not be deleted; the next sweep tries again'),
    )
    await sweepAudit(database, clock.now(), config.auditDays, config.demoPublic ? PUBLIC_AUDIT_ROWS : undefined).catch(
      (err) =>
        log.warn({ event: 'audit.sweep', err }, 'the audit trail could not be swept; the next sweep tries again'),
    )
  })
}

/** Calls `run` every hour. The next hour begins when `run` has finished. `run` must not reject. */
function startInterval(clock: Clock, run: () => Promise<void>): () => Promise<void> {
  let running = Promise.resolve()
  let stopped = false
  let cancel = () => {}
  const schedule = () => {
    if (stopped) return
    cancel = clock.after(INTERVAL_MILLISECONDS, () => {
      running = run().then(schedule)
    })
  }
  schedule()
  return async () => {
    stopped = true
    cancel()
    await running
  }
}
