import type { Context, Next } from 'koa'
import { z } from 'zod'
import { type CurrentAccountParts, refuseChangedAccount } from '../accounts/index.ts'
import { bestEffort, type CrmSession, currentSession } from '../crm-session/crm-session.ts'
import { SessionError } from '../session/index.ts'
import type { PageModel } from '../web/pages.ts'
import { Problem } from '../web/problem.ts'
import type { OperationParts } from './operation-parts.ts'
import { textOf } from './operation-text.ts'
import { completeOperation } from './operations.ts'
import { readParams, readResult, readState } from './read-callback.ts'

/** A one-time link for a callback is valid only on one of these paths. */
export const CALLBACK_PATH = '/my4DApp/completeOperation'
export const REST_CALLBACK_PATH = '/rest/Operations/completeOperation'

interface CompletedPage extends PageModel {
  label: string
  tone: string
}

type CallbackParts = Pick<OperationParts, 'database' | 'clock' | 'log'> & CurrentAccountParts

type Decision = 'approved' | 'refused'

const linkData = z.object({ operation: z.int().positive(), key: z.uuid() })

/** The external platform calls these pages. They read the operation from the link's data, never from a parameter. */
export function callbackPages(parts: CallbackParts) {
  return {
    /** A token in `$4DSID` has restored the session already. With a token in `state`, this handler restores it. */
    async complete(ctx: Context) {
      const session = currentSession(ctx)
      const decision = readResult(ctx.query.result)
      const state = readState(ctx.query.state)
      if (session.restored === false && (await session.restore(state))) await refuseChangedAccount(parts, ctx)
      const operation = await complete(parts, session, decision)
      if (ctx.accepts('json', 'html') === 'html')
        ctx.show<CompletedPage>('operations/completed', { title: 'Thank you', ...textOf(decision) })
      else ctx.body = { operation, state: decision }
    },

    /** Restores the session with the token in `$params`. */
    async completeOverRest(ctx: Context) {
      const session = currentSession(ctx)
      const decision = readResult(ctx.query.result)
      if (await session.restore(readParams(ctx.query.$params))) await refuseChangedAccount(parts, ctx)
      const operation = await complete(parts, session, decision)
      ctx.body = { result: { operation, state: decision } }
    },
  }
}

/** Makes browsers send only the origin as `Referer`, because the URL of the page contains a token. */
export function tokenInAddress() {
  return async function tokenInAddress(ctx: Context, next: Next) {
    ctx.set('Referrer-Policy', 'strict-origin')
    await next()
  }
}

/** Middleware that makes all responses JSON, including errors. */
export function answersJson() {
  return async function answersJson(ctx: Context, next: Next) {
    ctx.req.headers.accept = 'application/json'
    await next()
  }
}

async function complete(parts: CallbackParts, session: CrmSession, decision: Decision): Promise<number> {
  const data = linkData.safeParse(session.restored === false ? undefined : session.restored.data)
  if (!data.success) throw new Problem(403, 'Invalid token.')
  const { database, clock, log } = parts
  const { operation: id, key } = data.data
  const result = await completeOperation(
    database,
    { id, key, sessionId: session.id, userId: session.userId },
    decision,
    clock.now(),
  )
  if (result.is === 'not yours') {
    log.warn({ event: 'operation.foreign', operation: id, session: session.id }, 'callback for a foreign operation')
    throw new Problem(403, 'This operation belongs to another user, so nothing was done.')
  }
  if (result.is === 'gone') throw new Problem(409, 'This operation was removed with its customer, so nothing was done.')
  if (result.is === 'over')
    throw new Problem(409, `This operation is over (${textOf(result.state).label}), so nothing was done.`)
  log.info({ event: 'operation.completed', operation: id, session: session.id, decision }, 'operation completed')
  await noteInSession(session, id, decision)
  return id
}

/** Stores the decision in the session, which notifies the salesperson's tabs. Ignores a session that has just ended. */
async function noteInSession(session: CrmSession, id: number, state: Decision): Promise<void> {
  try {
    const noted = session.use((storage) => {
      storage.lastOperation = { id, state }
    })
    await bestEffort(noted)
  } catch (error) {
    if (!(error instanceof SessionError && error.code === 'SESSION_ENDED')) throw error
  }
}
