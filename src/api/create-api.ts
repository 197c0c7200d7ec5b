import type { Context, Next } from 'koa'
import { type Account, currentAccount, endChanged } from '../accounts/index.ts'
import { viewerOf } from '../crm/index.ts'
import { bestEffort } from '../crm-session/crm-session.ts'
import { visitAsOwnerOf } from '../public-demo/visitor-sessions.ts'
import { tokenSessions } from '../session/koa/index.ts'
import { CLOSE, hasBody } from '../web/body-format.ts'
import { Problem } from '../web/problem.ts'
import { answerErrors } from './answer-errors.ts'
import type { ApiParts } from './api-parts.ts'
import { type ApiSession, apiSessionOf } from './api-session.ts'
import { apiCors } from './cors.ts'
import { apiDocs, isDocsPage } from './docs.ts'
import type { GuardedEndpoint, Reply } from './endpoint.ts'
import { allEndpoints } from './endpoints.ts'
import { allowedAt, endpointFor, placeFinder } from './find-endpoint.ts'
import { MOUNT } from './mount.ts'
import { describeApi } from './openapi.ts'
import { callReader } from './read-call.ts'

/**
 * Creates the middleware of `/api`. Mount it before the CSRF protection and the cookie sessions. The API accepts only
 * bearer tokens, so it needs no CSRF protection and no cookie session.
 */
export function createApi(parts: ApiParts) {
  const endpoints = allEndpoints(parts)
  const find = placeFinder(endpoints)
  const readCall = callReader()
  const docs = apiDocs(() => describeApi(endpoints, parts.config.appName))
  const cors = apiCors(parts.config.corsOrigins)
  const sessions = tokenSessions(parts.sessions, { mount: MOUNT, requestId: (ctx: Context) => ctx.requestId })

  return async function api(ctx: Context, next: Next) {
    if ((ctx.path !== MOUNT && !ctx.path.startsWith(`${MOUNT}/`)) || isDocsPage(ctx.path)) return next()
    await cors(ctx, () => answerErrors(parts.log, ctx, () => docs(ctx, () => sessions(ctx, () => answer(ctx)))))
    // If part of the request body is unread, the server closes the connection, so that it need not read the rest.
    if (hasBody(ctx) && !ctx.req.readableEnded) ctx.set(CLOSE)
  }

  async function answer(ctx: Context): Promise<void> {
    const place = find(ctx.path.slice(MOUNT.length))
    ctx.routePattern = place && MOUNT + place.endpoints[0]?.path
    const isOpen = place?.endpoints.some(({ access }) => access === 'open') === true
    const known = isOpen ? undefined : await authenticate(ctx)
    if (place === undefined)
      throw new Problem(404, `There is nothing at this address. ${MOUNT}/docs lists all endpoints.`)
    if (ctx.method === 'OPTIONS') return reply(ctx, { status: 204, headers: { Allow: allowedAt(place) } })
    const endpoint = endpointFor(place, ctx.method)
    if (endpoint === undefined)
      throw new Problem(405, `This address accepts ${allowedAt(place)}.`, { Allow: allowedAt(place) })
    if (endpoint.access === 'open')
      return reply(ctx, await endpoint.handle(await readCall(ctx, endpoint, place.params)))

    const session = apiSessionOf(ctx)
    refuseWithoutRight(session, endpoint)
    const call = await readCall(ctx, endpoint, place.params)
    const account = known !== undefined && endpoint.body === undefined ? known : await authenticateAgain(ctx, endpoint)
    reply(ctx, await endpoint.handle({ ...call, session, account, viewer: viewerOf(ctx) }))
  }

  /** Checks the token and the account again, because both may have changed while the body of the request arrived. */
  async function authenticateAgain(ctx: Context, endpoint: GuardedEndpoint): Promise<Account> {
    const session = apiSessionOf(ctx)
    await session.reload()
    const account = await authenticate(ctx)
    refuseWithoutRight(session, endpoint)
    return account
  }

  /** Reads the account from the database on each request, so a disabled or changed account is refused at once. */
  function authenticate(ctx: Context): Promise<Account> {
    const session = apiSessionOf(ctx)
    return session.authenticate(async () => {
      await visitAsOwnerOf(parts.database, session.id)
      const result = await currentAccount(parts.database, session)
      // After a change of a row in the database, the token works again when the row has its former value.
      if (result.is === 'changed' && result.ends === 'this')
        await bestEffort(endChanged(parts.sessions, session, result))
      return result.is === 'account' ? result.account : undefined
    })
  }
}

function refuseWithoutRight(session: ApiSession, { needs, access }: GuardedEndpoint): void {
  if (needs !== undefined && !session.hasPrivilege(needs))
    throw new Problem(403, `This needs the privilege “${needs}”, which your account does not have.`)
  if (access === 'write' && session.scope === 'read')
    throw new Problem(403, 'This token may only read. Use one that may read and write.')
}

function reply(ctx: Context, { status, body, headers = {} }: Reply): void {
  ctx.set(headers)
  ctx.body = body ?? null
  ctx.status = status
  // Only a reply with an ETag may become 304, because `ctx.fresh` is true for any request with "If-None-Match: *".
  if (headers.ETag !== undefined && ctx.fresh) ctx.status = 304
}
