import { type EndReason, isExpired, type SessionRecord } from '../record.ts'
import { type Context, eventOf, reportEnded } from './context.ts'
import type { Cause } from './events.ts'

/** Ends a credential. Also ends the session if no usable credential remains. Returns `false` if nothing was ended. */
export async function detachCredential(
  context: Context,
  record: SessionRecord,
  {
    handle,
    reason,
    message,
    cause,
  }: { handle: string; reason: EndReason; message?: string; cause?: Cause | undefined },
): Promise<boolean> {
  const { store, clock, events } = context
  const { id } = record
  if (!(await store.detach({ id, handle, reason, message }))) return false
  events.emit('detached', { ...eventOf(record, cause), handle, reason })
  const all = (await store.credentials({ ids: [id] })).get(id) ?? []
  const isUsable = all.some((credential) => !isExpired(credential, clock.now()))
  const ended = isUsable ? undefined : await store.end({ id, reason })
  if (ended) reportEnded(context, [ended], cause)
  return true
}
