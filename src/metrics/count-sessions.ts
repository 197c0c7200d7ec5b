import { Counter, type Registry } from 'prom-client'
import type { EndReason, SessionKind, Sessions } from '../session/index.ts'

const KINDS: readonly SessionKind[] = ['web', 'rest']
const WAYS = [
  { kind: 'web', via: 'visit' },
  { kind: 'web', via: 'login' },
  { kind: 'rest', via: 'sign-in' },
  { kind: 'rest', via: 'token' },
] as const
const REASONS: Record<EndReason, true> = {
  idle: true,
  absolute: true,
  closed: true,
  revoked: true,
  secured: true,
  limit: true,
  stopped: true,
}

export function countSessions(registry: Registry, sessions: Pick<Sessions, 'on'>): void {
  const registers = [registry]
  const created = new Counter({
    name: 'crm_sessions_created_total',
    help: 'New sessions by kind and origin. Sessions that replace another one are counted as secured.',
    labelNames: ['kind', 'via'],
    registers,
  })
  const secured = new Counter({
    name: 'crm_sessions_secured_total',
    help: 'Sessions that replaced another one, at a login for instance; the other one is counted as ended.',
    registers,
  })
  const ended = new Counter({
    name: 'crm_sessions_ended_total',
    help: 'Sessions that ended, by kind and reason.',
    labelNames: ['kind', 'reason'],
    registers,
  })
  const conflicts = new Counter({
    name: 'crm_session_conflicts_total',
    help: 'Writes that were retried because their session had changed.',
    registers,
  })
  const busy = new Counter({
    name: 'crm_session_busy_total',
    help: 'Writes that failed after too many conflicts (SESSION_BUSY).',
    registers,
  })
  const links = new Counter({
    name: 'crm_session_links_total',
    help: 'One-time links that were redeemed or refused.',
    labelNames: ['outcome'],
    registers,
  })

  const refused = new Counter({
    name: 'crm_session_credentials_refused_total',
    help: 'Requests with a forged or unknown session cookie or bearer token.',
    labelNames: ['kind', 'reason'],
    registers,
  })

  const bindings = new Counter({
    name: 'crm_session_bindings_total',
    help: 'Cookies that were bound to a key of the browser, and refused requests with a bound cookie without its key.',
    labelNames: ['outcome'],
    registers,
  })

  for (const way of WAYS) created.inc(way, 0)
  for (const kind of KINDS) for (const reason of Object.keys(REASONS)) ended.inc({ kind, reason }, 0)
  for (const kind of ['cookie', 'bearer'])
    for (const reason of ['malformed', 'unknown']) refused.inc({ kind, reason }, 0)
  for (const outcome of ['redeemed', 'refused']) links.inc({ outcome }, 0)
  for (const outcome of ['bound', 'failed']) bindings.inc({ outcome }, 0)

  sessions.on('created', ({ kind, via }) => created.inc({ kind, via }))
  sessions.on('secured', ({ replaced }) => {
    if (replaced !== undefined) secured.inc()
  })
  sessions.on('ended', ({ kind, reason }) => ended.inc({ kind, reason }))
  sessions.on('conflict', ({ gaveUp }) => (gaveUp ? busy : conflicts).inc())
  sessions.on('restored', () => links.inc({ outcome: 'redeemed' }))
  sessions.on('credentialRefused', ({ kind, reason }) => refused.inc({ kind, reason }))
  sessions.on('linkRefused', () => links.inc({ outcome: 'refused' }))
  sessions.on('bound', () => bindings.inc({ outcome: 'bound' }))
  sessions.on('bindingFailed', () => bindings.inc({ outcome: 'failed' }))
}
