import type { Context, Middleware } from 'koa'
import { shownSession } from '../crm-session/crm-session.ts'
import { type InspectorParts, inspectorPage } from './inspector-page.ts'
import { INSPECTOR_PATH, RequestRecorder } from './request-recorder.ts'
import { RouteSources } from './route-sources.ts'
import { type SessionChip, sessionChip } from './session-chip.ts'
import { TraceRing } from './trace-ring.ts'

/** Shows users their own session and what each request did with it. Only the profile `demo` has an inspector. */
export interface Inspector {
  readonly path: string
  observeStoreCall: RequestRecorder['observeStoreCall']
  /** Middleware above all that calls the session store. */
  record(cookieName?: string): Middleware
  /** Middleware directly below `sessions`. */
  watch(): Middleware
  noteRoute: RouteSources['note']
  page(parts: Omit<InspectorParts, 'ring' | 'routes'>): (ctx: Context) => Promise<void>
  /** The chip in the top bar. Undefined for a page without a session. */
  chip(ctx: Context): (SessionChip & { href: string }) | undefined
}

export function createInspector(now: () => number): Inspector {
  const ring = new TraceRing()
  const routes = new RouteSources()
  const recorder = new RequestRecorder(ring, now)
  return {
    path: INSPECTOR_PATH,
    observeStoreCall: (...call) => recorder.observeStoreCall(...call),
    record: (cookieName) => recorder.record(cookieName),
    watch: () => recorder.watch(),
    noteRoute: (...route) => routes.note(...route),
    page: (parts) => inspectorPage({ ...parts, ring, routes }),
    chip(ctx) {
      const session = shownSession(ctx)
      // A one-time link may open a session for one request only. Such a request has no cookie.
      if (!session || (session.deviceHandle === undefined && !session.isNew)) return undefined
      return { ...sessionChip(session.id), href: `${INSPECTOR_PATH}?request=${ctx.requestId}` }
    },
  }
}
