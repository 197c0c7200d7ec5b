import type { AuditTrail } from '../audit/index.ts'
import type { Config } from '../config/config.ts'
import type { Clock, Sessions } from '../session/index.ts'
import type { EventStreams } from '../web/event-streams.ts'
import { type AuditPageParts, auditPages } from './audit-pages.ts'
import { consoleEvents } from './console-events.ts'
import { type SessionsToEnd, sessionActions } from './session-actions.ts'
import { SessionChanges } from './session-changes.ts'
import { type ConsoleLimit, sessionPages } from './session-pages.ts'

type SessionsOfConsole = Pick<Sessions, 'get' | 'list' | 'count' | 'on' | 'cookieName' | 'bindingEndpoints'>

interface AdminParts extends AuditPageParts {
  audit: AuditTrail
  config: Pick<Config, 'maxSessions' | 'auditDays' | 'sessionStore'>
  sessions: SessionsOfConsole | null
  sessionsToEnd: SessionsToEnd | null
  streams: EventStreams
  usageLimit: ConsoleLimit
  clock: Clock
}

export function adminPages(parts: AdminParts) {
  const { sessions, sessionsToEnd, streams, clock, config } = parts
  const isShared = config.sessionStore.kind !== 'memory'
  const changes = sessions && new SessionChanges({ sessions, clock, isShared })
  const audit = auditPages(parts)
  return {
    sessions: sessionPages({ ...parts, changes }),
    actions: sessionActions({ sessions: sessionsToEnd, audit: parts.audit, onDone: () => changes?.note() }),
    events: consoleEvents({ cookieName: sessions?.cookieName ?? '', streams, changes }),
    audit: audit.list,
    auditCsv: audit.csv,
    pageOfExport: audit.pageOfExport,
  }
}
