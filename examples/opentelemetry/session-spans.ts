import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { context, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { ConflictMessage, TraceMessage } from '../../src/session/index.ts'

const OPERATIONS = ['find', 'write', 'login', 'end'] as const

/**
 * Makes a span of each operation of the session layer, as a child of the active span or of the operation around it.
 * Returns a function that stops the tracing.
 */
export function traceSessions(tracer: Tracer): () => void {
  const current = new AsyncLocalStorage<Span>()
  const spans = new WeakMap<object, Span>()

  const begin = (message: unknown): Span => {
    const { operation, app, store, replaced } = message as TraceMessage
    const outer = current.getStore()
    const parent = outer ? trace.setSpan(context.active(), outer) : context.active()
    const attributes = defined({ 'db.system.name': store, 'session.app': app, 'session.replaced': replaced })
    const span = tracer.startSpan(`session ${operation}`, { attributes }, parent)
    spans.set(message as TraceMessage, span)
    return span
  }
  const end = (message: unknown) => {
    const { sessionId, outcome, code, attempts, reason, count } = message as TraceMessage
    const span = spans.get(message as TraceMessage)
    span?.setAttributes(
      defined({
        'session.id': sessionId,
        'session.outcome': outcome,
        'session.write.attempts': attempts,
        'session.end.reason': reason,
        'session.end.count': count,
        'error.type': code ?? (outcome === 'failed' ? '_OTHER' : undefined),
      }),
    )
    if (outcome === 'failed') span?.setStatus({ code: SpanStatusCode.ERROR })
    span?.end()
  }
  const addConflict = (message: unknown) => {
    current.getStore()?.addEvent('session.conflict', { 'session.gave_up': (message as ConflictMessage).gaveUp })
  }

  for (const operation of OPERATIONS) {
    channel(`tracing:session.${operation}:start`).bindStore(current, begin)
    subscribe(`tracing:session.${operation}:asyncEnd`, end)
  }
  subscribe('session.conflict', addConflict)
  return () => {
    for (const operation of OPERATIONS) {
      channel(`tracing:session.${operation}:start`).unbindStore(current)
      unsubscribe(`tracing:session.${operation}:asyncEnd`, end)
    }
    unsubscribe('session.conflict', addConflict)
  }
}

function defined<T>(attributes: Record<string, T | undefined>): Record<string, T> {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Record<string, T>
}
