import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import type { Config } from '../../config/config.ts'
import { type CrmSession, sessionsBehindGuard, signedIn } from '../../crm-session/crm-session.ts'
import { redirectWithFlash, wasFlashed } from '../../crm-session/flash.ts'
import { consumeFormToken, releaseFormToken } from '../../crm-session/form-tokens.ts'
import { formatMoment } from '../../web/format.ts'
import type { OwnOrigins } from '../../web/own-origins.ts'
import type { PageModel } from '../../web/pages.ts'
import { Problem } from '../../web/problem.ts'
import { originOf } from '../../web/request-origin.ts'
import { rollback } from '../people/rollback.ts'
import { endStaleSessions } from '../people/stale-sessions.ts'
import { checkPassword } from '../sign-in/check-password.ts'
import { RECENT_MINUTES } from '../sign-in/confirm-pages.ts'
import type { SignInParts } from '../sign-in/sign-in.ts'
import { type RequestedToken, readTokenForm, TOKEN_LIFETIMES, TOKEN_SCOPES } from './api-token-form.ts'
import {
  type ApiToken,
  type ApiTokenParts,
  apiTokensOf,
  MOST_TOKENS,
  makeApiToken,
  revokeApiToken,
} from './api-tokens.ts'

const PAGE = '/account/tokens'
const DEFAULT_DAYS = '30'
const SENT_BEFORE =
  'This form was sent before and its token was made then. A token is shown only once: if you did not keep it, revoke it and make another one.'
const SENT_TWICE =
  'This form was sent twice, and only the first answer shows the new token. If you did not see it, revoke the token and make another one.'

interface ApiTokensPage extends PageModel {
  tokens: {
    name: string
    access: string
    made: string
    used: string
    usedFrom: string
    expires: string
    revokeAction: string
  }[]
  message: string
  /** Why the form did not make another token. */
  notice: string
  done: string
  typed: { name: string; days: string; scope: string }
  wrongField: 'name' | 'password' | ''
  asksPassword: boolean
  once: string
  lifetimes: typeof TOKEN_LIFETIMES
  scopes: typeof TOKEN_SCOPES
  most: number
  isFull: boolean
  endWithServer: boolean
}

interface TokenMadePage extends PageModel {
  token: string
  command: string
  facts: { label: string; value: string }[]
}

interface TokenPageParts extends Omit<ApiTokenParts, 'sessions'>, Omit<SignInParts, 'config'> {
  config: Pick<Config, 'sessionCloseOnStop'>
  origins: OwnOrigins
  /** Null when the server runs without sessions. `requireUser` then refuses every request. */
  sessions: ApiTokenParts['sessions'] | null
}

/** The pages at `/account/tokens`, where users manage their own API tokens. Mount them behind `requireUser`. */
export function apiTokenPages({ config, origins, ...parts }: TokenPageParts) {
  return {
    async list(ctx: Context) {
      const filter = { kind: 'rest', via: 'token' } as const
      await endStaleSessions(parts.database, required().sessions, signedIn(ctx), filter)
      const isRevoked = await wasFlashed(ctx, 'token-revoked')
      await showList(ctx, 200, {
        done: isRevoked ? 'The token is revoked. No program can use it any more.' : '',
        notice: ctx.query.repeated === '1' ? SENT_TWICE : '',
      })
    },

    async make(ctx: Context) {
      const { session } = signedIn(ctx)
      const form = readTokenForm(ctx.request.body)
      if (!form.ok) return showList(ctx, 422, form)
      const { once, ...requested } = form.requested
      // An API token outlives the session. After an old login, the password is required too, because the browser may be
      // unattended.
      if (!session.hasRecentLogin(RECENT_MINUTES) && !(await isReauthenticated(ctx, form.requested))) return
      if (!(await consumeFormToken(session, once))) return showList(ctx, 409, { notice: SENT_BEFORE })

      const origin = originOf(ctx)
      const made = await makeApiToken(required(), signedIn(ctx), requested, origin).catch((error) =>
        rollback(parts.log, error, () => releaseFormToken(session, once)),
      )
      // If a password change has ended the session during this request, the new token is revoked.
      if (made.is === 'made' && !(await isStillSignedIn(session))) {
        await required().sessions.end(made.id, 'revoked', { cause: origin })
        throw new Problem(403, 'You were signed out meanwhile, so no token was made.')
      }
      if (made.is === 'account-changed')
        throw new Problem(403, 'Your account was changed or disabled meanwhile, so no token was made.')
      if (made.is === 'too-many') {
        await releaseFormToken(session, once)
        return showList(ctx, 409)
      }
      ctx.show<TokenMadePage>('tokens/made', {
        title: 'Your new API token',
        token: made.token,
        command: `curl -s ${origins.forLinks}/api/me -H 'Authorization: Bearer ${made.token}'`,
        facts: [
          { label: 'Name', value: requested.name },
          { label: 'Access', value: accessOf(requested) },
          { label: 'Expires', value: momentOf(made.expirationDate) },
        ],
      })
    },

    async revoke(ctx: Context) {
      const { userId } = signedIn(ctx)
      // A second click finds no token, and has the same result as the first one.
      await revokeApiToken(required(), userId, String(ctx.params.id), originOf(ctx))
      await redirectWithFlash(ctx, PAGE, 'token-revoked')
    },
  }

  /** Verifies the entered password. If the password is missing or wrong, shows the form with the entered values. */
  async function isReauthenticated(ctx: Context, { name, days, scope, once }: RequestedToken): Promise<boolean> {
    const { password } = Object(ctx.request.body) as Record<string, unknown>
    const again = { typed: { name, days: String(days), scope }, once, wrongField: 'password' } as const
    if (password === undefined) {
      await showList(ctx, 422, { ...again, message: 'Your login was a while ago. Please enter your password too.' })
      return false
    }
    const check = await checkPassword(parts, ctx)
    if (check.is === 'refused') {
      await showList(ctx, ctx.status, { ...again, message: check.message })
      return false
    }
    await signedIn(ctx).session.renew({ login: true, proof: 'password' })
    return true
  }

  async function showList(ctx: Context, status = 200, model: Partial<ApiTokensPage> = {}): Promise<void> {
    const tokens = await apiTokensOf(required(), signedIn(ctx).userId)
    ctx.status = status
    ctx.show<ApiTokensPage>('tokens/list', {
      title: 'Your API tokens',
      tokens: tokens.map(rowOf),
      message: '',
      notice: '',
      done: '',
      typed: { name: '', days: DEFAULT_DAYS, scope: 'read' },
      wrongField: '',
      asksPassword: !signedIn(ctx).session.hasRecentLogin(RECENT_MINUTES),
      once: randomUUID(),
      lifetimes: TOKEN_LIFETIMES,
      scopes: TOKEN_SCOPES,
      most: MOST_TOKENS,
      isFull: tokens.length >= MOST_TOKENS,
      endWithServer: config.sessionCloseOnStop,
      ...model,
    })
  }

  function required(): ApiTokenParts {
    return { ...parts, sessions: sessionsBehindGuard(parts.sessions, 'apiTokenPages()') }
  }
}

async function isStillSignedIn(session: CrmSession): Promise<boolean> {
  await session.reload()
  return session.userId !== undefined
}

function rowOf(token: ApiToken): ApiTokensPage['tokens'][number] {
  const { id, name, madeAt, lastUsedAt, address, program, expiresAt } = token
  const [agent = ''] = (program ?? '').split(' ')
  return {
    // `newToken` does not require a name.
    name: name === '' ? 'Without a name' : name,
    access: accessOf(token),
    made: momentOf(madeAt.toISOString()),
    used: lastUsedAt === null ? 'Never' : momentOf(lastUsedAt.toISOString()),
    usedFrom: lastUsedAt === null ? '' : [address, agent.slice(0, 40)].filter(Boolean).join(', '),
    expires: momentOf(expiresAt),
    revokeAction: `${PAGE}/${id}/revoke`,
  }
}

function accessOf({ scope }: Pick<ApiToken, 'scope'>): string {
  return TOKEN_SCOPES.find(({ value }) => value === scope)?.label ?? scope
}

function momentOf(time: string | null): string {
  return time === null ? 'Never' : formatMoment(time)
}
