import type { EndReason, SessionEvent, SessionEvents, Sessions } from '../session/index.ts'
import type { AuditEntry } from './audit-entry.ts'

export interface Notes {
  note(entry: AuditEntry): void
}

const WHY: Record<EndReason, string> = {
  idle: 'idle timeout',
  absolute: 'absolute timeout',
  closed: '',
  revoked: '',
  secured: 'replaced by a login',
  limit: 'ended to make room for a newer session',
  stopped: 'the server was stopped',
}

const KINDS = { cookie: 'session cookie', bearer: 'bearer token' }

/**
 * Writes the events of the session layer to the audit trail. The start and the expiry of guest sessions are left out.
 * The login code records all sign-ins itself, because the session layer does not see failed sign-ins.
 * Returns a function that stops listening.
 */
export function followSessions(sessions: Pick<Sessions, 'on'>, audit: Notes): () => void {
  const note = (event: SessionEvent, entry: AuditEntry) => audit.note({ ...aboutSession(event), ...entry })
  const stops = [
    sessions.on('created', (event) => {
      const how = { 'sign-in': 'by a REST sign-in', token: 'by its owner' }
      if (event.via === 'sign-in' || event.via === 'token') note(event, { event: 'token-made', detail: how[event.via] })
    }),
    sessions.on('secured', (event) =>
      note(event, { event: 'secured', detail: event.replaced === undefined ? '' : `in place of ${event.replaced}` }),
    ),
    sessions.on('privilegesChanged', (event) =>
      note(event, { event: 'privileges-changed', detail: event.privileges.join(', ') || 'none' }),
    ),
    sessions.on('renewed', (event) => note(event, { event: 'renewed', detail: whatWasRenewed(event) })),
    sessions.on('ended', (event) => {
      // The 'secured' event has already recorded the end of a replaced session.
      if (event.reason === 'secured' || (isGuest(event) && event.reason !== 'revoked')) return
      note(event, { event: endOf(event), detail: WHY[event.reason] })
    }),
    sessions.on('detached', (event) => note(event, { event: 'device-revoked', detail: `device ${event.handle}` })),
    sessions.on('bound', (event) => note(event, { event: 'device-bound', detail: `device ${event.handle}` })),
    sessions.on('bindingFailed', (event) => note(event, { event: 'copy-refused', detail: whatFailed(event) })),
    sessions.on('linkCreated', (event) => note(event, { event: 'link-made', detail: `link ${event.handle}` })),
    sessions.on('restored', (event) =>
      note(event, {
        event: 'restored',
        detail: `link ${event.handle}${event.requestOnly ? ', for one request only' : ''}`,
      }),
    ),
    // A guest's session was created only for this request, so its session ID is left out.
    sessions.on('linkRefused', (event) => {
      const { sessionId, ...about } = aboutSession(event)
      audit.note({ ...about, ...(!isGuest(event) && { sessionId }), event: 'link-refused' })
    }),
    sessions.on('credentialRefused', ({ kind, reason, cause }) =>
      audit.note({ event: 'credential-refused', ...cause, detail: `${reason} ${KINDS[kind]}` }),
    ),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

function whatFailed({ handle, failures, ended, skipped }: SessionEvents['bindingFailed']): string {
  const reason = skipped === undefined ? '' : `, the browser skipped the proof: ${skipped}`
  return `device ${handle}, failure ${failures} within an hour${ended ? ', its cookie ended' : ''}${reason}`
}

function whatWasRenewed({ login, others }: SessionEvents['renewed']): string {
  const words = [login && 'password confirmed', others === 'end' && 'all other devices were signed out']
  return words.filter(Boolean).join(', ')
}

function endOf({ reason, kind }: SessionEvents['ended']): AuditEntry['event'] {
  if (reason === 'closed') return 'sign-out'
  if (reason !== 'revoked') return 'expired'
  return kind === 'rest' ? 'token-revoked' : 'revoked'
}

function aboutSession({ id, userId, userName, cause }: SessionEvent) {
  return { sessionId: id, userId, userName, ...cause }
}

function isGuest({ userId, userName }: SessionEvent): boolean {
  return userId === undefined && userName === ''
}
