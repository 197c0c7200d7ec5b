import type { Kysely, Transaction } from 'kysely'
import type { Logger } from 'pino'
import { hasOnlyDemoStaff, reseedDemo } from '../../db/demo/seed.ts'
import type { Database } from '../../db/tables.ts'
import type { Passwords } from '../accounts/index.ts'
import { StartError } from '../config/start-error.ts'
import type { CrmSessions } from '../crm-session/crm-session.ts'
import { DEMO_WAS_RESET } from '../crm-session/end-messages.ts'
import { nextReset } from '../public-demo/reset-time.ts'
import type { Clock } from '../session/index.ts'

interface ResetParts {
  database: Kysely<Database>
  sessions: Pick<CrmSessions, 'endMany'>
  passwords: Pick<Passwords, 'hash'>
  clock: Clock
  log: Logger
}

const ROW = 1
// The clock may be set, or the machine may sleep, so the time of the reset is checked often.
const CHECK_MILLISECONDS = 30_000

/**
 * Resets the data and the sessions of a public demo every night. Resolves after a reset that was missed, or that a crash
 * interrupted, and at the first start. The returned function stops the resets and waits for a running one.
 */
export async function startResets(parts: ResetParts): Promise<() => Promise<void>> {
  const { clock, log } = parts
  await refuseOtherData(parts.database)
  await resetIfDue(parts)
  let stopped = false
  let running = Promise.resolve()
  let cancel = () => {}
  const schedule = () => {
    if (stopped) return
    const left = Math.max(0, nextReset(clock.now()) - clock.now())
    cancel = clock.after(Math.min(left, CHECK_MILLISECONDS), () => {
      running = resetIfDue(parts)
        .catch((err) => log.error({ event: 'demo.reset-failed', err }, 'the reset failed and will be tried again'))
        .then(schedule)
    })
  }
  schedule()
  return async () => {
    stopped = true
    cancel()
    await running
  }
}

/** Each step can be repeated after a crash. Of several processes, one replaces the data. */
async function resetIfDue({ database, sessions, passwords, clock, log }: ResetParts): Promise<void> {
  const before = await readReset(database)
  if (before?.ends_sessions !== 1 && !isDue(before, clock.now())) return
  // No session may write to the new data, and none may begin on the old data, so the sessions end before and after.
  const end = () => sessions.endMany({}, 'revoked', { message: DEMO_WAS_RESET })
  await end()
  const isReset = await reseedDemo(
    database,
    (password) => passwords.hash(password),
    clock.now(),
    async (transaction) => {
      const now = clock.now()
      if (!isDue(await readReset(transaction), now)) return false
      await writeReset(transaction, { due_at: new Date(nextReset(now)).toISOString(), ends_sessions: 1 })
      return true
    },
  )
  await end()
  await database.updateTable('demo_resets').set({ ends_sessions: 0 }).where('id', '=', ROW).execute()
  if (isReset) log.info({ event: 'demo.reset' }, 'the demo was reset')
}

type Reset = { due_at: string; ends_sessions: number }

function isDue(reset: Reset | undefined, now: number): boolean {
  return reset === undefined || Date.parse(reset.due_at) <= now
}

function readReset(database: Kysely<Database>): Promise<Reset | undefined> {
  return database.selectFrom('demo_resets').select(['due_at', 'ends_sessions']).where('id', '=', ROW).executeTakeFirst()
}

async function writeReset(transaction: Transaction<Database>, reset: Reset): Promise<void> {
  await transaction
    .insertInto('demo_resets')
    .values({ id: ROW, ...reset })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(reset))
    .execute()
}

/** The first reset must not delete data that does not belong to a demo. */
async function refuseOtherData(database: Kysely<Database>): Promise<void> {
  if ((await readReset(database)) !== undefined || (await hasOnlyDemoStaff(database))) return
  throw new StartError(
    'DEMO_PUBLIC deletes all data every night, and this database has staff who are not of the demo. Nothing was deleted. Point DATABASE_URL at another database.',
  )
}
