import { Readable } from 'node:stream'
import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { AuditRow, Database } from '../../db/tables.ts'
import { AUDIT_EVENTS, type AuditEntry, type AuditFilter, type AuditTrail, readAudit } from '../audit/index.ts'
import type { SearchLimit } from '../crm/index.ts'
import { actorOf } from '../crm-session/actor.ts'
import { signedIn } from '../crm-session/crm-session.ts'
import type { Clock } from '../session/index.ts'
import { dayOf } from '../web/day.ts'
import { formatCount, formatExactMoment } from '../web/format.ts'
import type { PageModel } from '../web/pages.ts'
import {
  type Choice,
  choices,
  describeParameters,
  redirectedFromEmptyFields,
  writeAddress,
} from '../web/query-parameters.ts'
import { auditCsv } from './audit-csv.ts'
import { type AuditGroup, groupByRequest } from './audit-groups.ts'
import { AUDIT_PATH, type AuditQuery, auditAddress, auditFilter, readAuditQuery } from './audit-query.ts'
import type { DescribeDevice } from './session-rows.ts'

interface AuditPage extends PageModel {
  query: Pick<AuditQuery, 'user' | 'session' | 'address' | 'from' | 'to'>
  events: Choice[]
  filtered: boolean
  entries: AuditLine[]
  first: string | undefined
  next: string | undefined
  csv: string
  keeps: string
}

interface AuditLine {
  iso: string
  at: string
  what: string
  look: string
  times: string
  who: string
  userHref: string
  by: string
  session: string
  sessionHref: string
  address: string
  addressHref: string
  device: string
  detail: string
  /** The other events of the same request. */
  also: string[]
  requestId: string
}

const PAGE_SIZE = 50
const EXPORT_STEP = 500
const MOST_EXPORTED = 100_000

const BAD = ['sign-in-failed', 'link-refused', 'credential-refused', 'refused']

export interface AuditPageParts {
  config: { auditDays: number }
  database: Kysely<Database>
  audit: Pick<AuditTrail, 'written' | 'note'>
  clock: Pick<Clock, 'now'>
  usageLimit: SearchLimit
  describeDevice: DescribeDevice
  mostExported?: number
}

export function auditPages(parts: AuditPageParts) {
  const { config, database, audit, clock, usageLimit, describeDevice, mostExported = MOST_EXPORTED } = parts
  return {
    async list(ctx: Context) {
      const query = readAuditQuery(ctx.query)
      if (redirectedFromEmptyFields(ctx, auditAddress(query, { after: query.after }))) return
      if (auditAddress(query) !== AUDIT_PATH) await usageLimit.countSearch(signedIn(ctx).userId)
      await audit.written()
      const filter = await auditFilter(database, query)
      const { rows, next } = await readAudit(database, filter, { after: query.after, size: PAGE_SIZE })
      ctx.show<AuditPage>('admin/audit', {
        title: 'Audit',
        query,
        events: choices([['', 'Every event'], ...Object.entries(AUDIT_EVENTS)], query.event),
        filtered: auditAddress(query) !== AUDIT_PATH,
        entries: groupByRequest(rows).map((group) => lineOf(group, describeDevice)),
        first: query.after && auditAddress(query),
        next: next && auditAddress(query, { after: next }),
        csv: auditAddress(query, { path: `${AUDIT_PATH}.csv` }),
        keeps: keepsFor(config.auditDays, mostExported),
      })
    },

    async csv(ctx: Context) {
      const query = readAuditQuery(ctx.query)
      if (ctx.method === 'GET') {
        await usageLimit.countSearch(signedIn(ctx).userId)
        audit.note(exported(ctx, query))
      }
      const filter = await auditFilter(database, query)
      await audit.written()
      ctx.attachment(`audit-${dayOf(clock.now())}.csv`)
      ctx.type = 'text/csv; charset=utf-8; header=present'
      ctx.body = Readable.from(auditCsv(everyRow(database, filter, mostExported)))
    },

    /** Returns the URL of the audit list with the filter of the export. Re-authentication redirects to this URL. */
    pageOfExport(ctx: Context): string {
      return auditAddress(readAuditQuery(ctx.query))
    },
  }
}

function exported(ctx: Context, query: AuditQuery): AuditEntry {
  return { event: 'audit-exported', ...actorOf(ctx), detail: describeParameters(auditAddress(query)) || 'everything' }
}

async function* everyRow(database: Kysely<Database>, filter: AuditFilter, most: number): AsyncGenerator<AuditRow> {
  let after: string | undefined
  for (let left = most; left > 0; left -= EXPORT_STEP) {
    const { rows, next } = await readAudit(database, filter, { after, size: Math.min(left, EXPORT_STEP) })
    yield* rows
    if (next === undefined) return
    after = next
  }
}

function lineOf({ row, also }: AuditGroup, describeDevice: DescribeDevice): AuditLine {
  const { event, times, user_id, user_name, by_user_id, by_user_name, session_id, address } = row
  const someoneElse = by_user_id !== null && by_user_id !== user_id
  return {
    iso: row.at,
    at: formatExactMoment(row.at),
    what: labelOf(row),
    look: BAD.includes(event) ? 'bad' : 'good',
    times: times > 1 ? formatCount(times, 'time', 'times') : '',
    who: user_name || user_id || 'Guest',
    userHref: writeAddress(AUDIT_PATH, { user: user_id ?? user_name }),
    by: someoneElse ? by_user_name || by_user_id : '',
    session: session_id ?? '',
    sessionHref: writeAddress(AUDIT_PATH, { session: session_id ?? '' }),
    address: address ?? '',
    addressHref: writeAddress(AUDIT_PATH, { address: address ?? '' }),
    device: row.device === null ? '' : describeDevice(row.device),
    detail: row.detail,
    also: also.map((one) => [labelOf(one), one.detail].filter(Boolean).join(': ')),
    requestId: row.request_id ?? '',
  }
}

function labelOf({ event }: AuditRow): string {
  return Object.hasOwn(AUDIT_EVENTS, event) ? AUDIT_EVENTS[event as keyof typeof AUDIT_EVENTS] : event
}

function keepsFor(days: number, most: number): string {
  const kept = days === 0 ? 'Entries are kept for ever' : `Entries are kept for ${formatCount(days, 'day', 'days')}`
  return `${kept}. The export holds the newest ${formatCount(most)} of what is chosen.`
}
