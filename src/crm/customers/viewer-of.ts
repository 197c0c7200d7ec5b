import type { Context } from 'koa'
import { signedIn } from '../../crm-session/crm-session.ts'
import type { Viewer } from './customers-visible-to.ts'

export function viewerOf(ctx: Context): Viewer {
  const { session, userId } = signedIn(ctx)
  return { userId: Number(userId), seesAll: session.hasPrivilege('viewAllCustomers') }
}
