import type { Context, Next } from 'koa'
import type { Kysely, SelectQueryBuilder } from 'kysely'
import type { Database } from '../../db/tables.ts'
import { consumeAll, type Limiter, limiterInMemory, NetworkLimiter } from '../accounts/index.ts'
import { answerErrors, MOUNT } from '../api/index.ts'
import { isSharedAccount } from '../crm-session/own-sessions.ts'
import type { Parts } from '../parts/parts.ts'
import { resetCountdown, secondsToReset } from '../public-demo/reset-time.ts'
import { formatCount, formatWait } from '../web/format.ts'
import { Problem } from '../web/problem.ts'
import { MOST_ROWS, PUBLIC_LIMITS, publicRoute } from './public-routes.ts'

type LimitName = keyof typeof PUBLIC_LIMITS
type PublicParts = Pick<Parts, 'makeLimiter' | 'database' | 'clock' | 'log'>

const WRITING = ['POST', 'PUT', 'PATCH', 'DELETE']

const REFUSED =
  'Visitors of the public demo cannot change accounts, because all visitors share them. Start the demo on your own machine to try this.'
const SHARED =
  'This account is shared by all visitors of the public demo, so its password and its e-mail address stay as they are. Sign up an account of your own: you can change that one.'

/** Limits what visitors may write on a public demo. Mount it above the API and the sessions. */
export function limitPublicDemo({ makeLimiter, database, clock, log }: PublicParts) {
  const limits = publicLimits(makeLimiter)
  return async function limitPublicDemo(ctx: Context, next: Next) {
    if (!ctx.path.startsWith(`${MOUNT}/`)) await check(ctx)
    else if (await isRefused(ctx)) return
    await next()
  }

  /** An API client gets the refusal as an error of the API. */
  async function isRefused(ctx: Context): Promise<boolean> {
    let isAllowed = false
    await answerErrors(log, ctx, async () => {
      await check(ctx)
      isAllowed = true
    })
    return !isAllowed
  }

  async function check(ctx: Context): Promise<void> {
    await consume(ctx, 'requests')
    if (!WRITING.includes(ctx.method)) return
    const route = publicRoute(ctx.method, ctx.path)
    await consume(ctx, 'writes')
    if (route?.limit) await consume(ctx, route.limit)
    if (route?.fills) await refuseWhenFull(route.fills)
  }

  async function consume({ ip }: Context, name: LimitName): Promise<void> {
    const { network, all } = limits[name]
    // The network comes first, so that one network alone cannot use up the points of all.
    const seconds = await consumeAll([...network.countsOf(ip), [all, 'all']])
    if (seconds === undefined) return
    const { what } = PUBLIC_LIMITS[name]
    throw new Problem(
      429,
      `The public demo has limits, and there were too many ${what} from your network or from all visitors together. Please try again in ${formatWait(seconds)}.`,
      { 'Retry-After': String(seconds) },
    )
  }

  async function refuseWhenFull(table: keyof typeof MOST_ROWS): Promise<void> {
    if ((await countAdded(database, table)) < MOST_ROWS[table]) return
    throw new Problem(
      429,
      `The public demo is full until its reset: visitors have added ${formatCount(MOST_ROWS[table])} ${NOUNS[table]}. Please come back after ${resetCountdown(clock.now()).at}.`,
      { 'Retry-After': secondsToReset(clock.now()) },
    )
  }
}

const NOUNS: Record<keyof typeof MOST_ROWS, string> = {
  users: 'accounts',
  customers: 'customers',
  customer_notes: 'notes',
  purchases: 'purchases',
  operations: 'requests for approval',
}

/** Counts the rows that visitors have added. The demo itself has customers, notes and purchases. */
async function countAdded(database: Kysely<Database>, table: keyof typeof MOST_ROWS): Promise<number> {
  const customers = database.selectFrom('customers').where('visitor', '!=', '')
  const counted =
    table === 'customers'
      ? customers
      : table === 'customer_notes' || table === 'purchases'
        ? database.selectFrom(table).where('customer_id', 'in', customers.select('customers.id'))
        : database.selectFrom(table)
  const { rows } = await (counted as SelectQueryBuilder<Database, typeof table, object>)
    .select((row) => row.fn.countAll().as('rows'))
    .executeTakeFirstOrThrow()
  return Number(rows)
}

/** Refuses changes of the accounts that all visitors share. Mount it below the sessions. */
export function protectSharedAccounts() {
  return async function protectSharedAccounts(ctx: Context, next: Next) {
    const refusal = WRITING.includes(ctx.method) ? whyRefused(ctx.method, ctx) : ''
    if (refusal !== '') throw new Problem(403, refusal)
    await next()
  }
}

/** Why the visitor may not send the form at this path. '' when the visitor may. */
export function whyRefused(method: string, { path, session }: Context): string {
  const rule = publicRoute(method, path)?.rule
  if (rule === 'refused') return REFUSED
  return rule === 'own account' && isSharedAccount(session?.userId) ? SHARED : ''
}

/** Processes share the counts, except those of all requests, because each request would need the store. */
function publicLimits(makeLimiter: PublicParts['makeLimiter']) {
  const limit = (name: LimitName): [LimitName, { network: NetworkLimiter; all: Limiter }] => {
    const { ofNetwork, inAll, seconds } = PUBLIC_LIMITS[name]
    const make = name === 'requests' ? limiterInMemory : makeLimiter
    const network = new NetworkLimiter(make, { keyPrefix: `public-${name}`, points: ofNetwork, duration: seconds })
    return [name, { network, all: make({ keyPrefix: `public-${name}-all`, points: inAll, duration: seconds }) }]
  }
  const names = Object.keys(PUBLIC_LIMITS) as LimitName[]
  return Object.fromEntries(names.map(limit)) as Record<LimitName, { network: NetworkLimiter; all: Limiter }>
}
