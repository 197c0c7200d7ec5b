import type { Context } from 'koa'
import { originOf } from '../web/request-origin.ts'
import { signedIn } from './crm-session.ts'

/** Who makes a change: the user, the session's public handle, and the request. */
export interface Actor extends ReturnType<typeof originOf> {
  userId: string
  userName: string
  sessionId: string
}

export function actorOf(ctx: Context): Actor {
  const { session, userId } = signedIn(ctx)
  return { ...originOf(ctx), userId, userName: session.userName, sessionId: session.id }
}
