import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import type { Config } from '../../config/config.ts'
import { type CrmSession, signedIn } from '../../crm-session/crm-session.ts'
import { formatMoment } from '../../web/format.ts'
import type { OwnOrigins } from '../../web/own-origins.ts'
import type { PageModel } from '../../web/pages.ts'
import { Problem } from '../../web/problem.ts'
import { originOf } from '../../web/request-origin.ts'
import { undoAndThrow } from '../people/rollback.ts'
import { answerRefusal, RECENT_MINUTES } from '../sign-in/confirm-pages.ts'
import { provePassword } from '../sign-in/prove-password.ts'
import type { SignInParts } from '../sign-in/sign-in.ts'
import { readTokenForm, TOKEN_LIFETIMES, TOKEN_SCOPES, type WantedToken } from './api-token-form.ts'
import {
  type ApiToken,
  type ApiTokenParts,
  apiTokensOf,
  MOST_TOKENS,
  makeApiToken,
  revokeApiToken,
} from './api-tokens.ts'
import { giveFormBack, spendForm } from './form-tokens.ts'

const PAGE = '/account/tokens'
const DEFAULT_DAYS = '30'

export interface ApiTokensPage extends PageModel {
  tokens: {
    name: string
    access: string
    made: string
    used: string
    /** '' when nothing is known. */
    usedFrom: string
    expires: string
    revokeAction: string
  }[]
  /** What was wrong with the form; '' when nothing was. */
  message: string
  /** What else there is to say. */
  notice: string
  typed: { name: string; days: string; scope: string }
  wrongField: 'name' | 'password' | ''
  /** The log in was too long ago: the form asks for the password too. */
  asksPassword: boolean
  /** Sent along with the form: a form that comes twice makes one token. */
  once: string
  lifetimes: typeof TOKEN_LIFETIMES
  scopes: typeof TOKEN_SCOPES
  most: number
  isFull: boolean
  /** The server ends all sessions when it stops, and tokens with them. */
  endWithServer: boolean
}

export interface TokenMadePage extends PageModel {
  token: string
  command: string
  facts: { label: string; value: string }[]
}

interface TokenPageParts extends Omit<ApiTokenParts, 'sessions'>, Omit<SignInParts, 'config'> {
  config: Pick<Config, 'sessionCloseOnStop'>
  origins: OwnOrigins
  /** Null when the server runs without sessions; then `requireUser` lets nobody through. */
  sessions: ApiTokenParts['sessions'] | null
}

/** `/account/tokens`: somebody's own tokens for the API. Behind `requireUser`. */
export function apiTokenPages({ config, origins, ...parts }: TokenPageParts) {
  return {
    async list(ctx: Context) {
      await showList(ctx)
    },

    /** Answers with the token itself, which no other page ever shows. */
    async make(ctx: Context) {
      const { session, userId } = signedIn(ctx)
      const form = readTokenForm(ctx.request.body)
      if (!form.ok) return showList(ctx, 422, form)
      const { once, ...wanted } = form.wanted
      // A token lives on when its maker has gone, so whoever only found a browser open must not make one.
      if (!session.hasRecentLogin(RECENT_MINUTES) && !(await proved(ctx, form.wanted))) return
      if (!(await spendForm(session, once))) {
        const notice =
          'This form was sent before, and made its token then; a token is shown only once. If you did not keep it, revoke it here and make another one.'
        return showList(ctx, 409, { notice })
      }

      const origin = originOf(ctx)
      const made = await makeApiToken(required(), userId, wanted, origin).catch((error) =>
        undoAndThrow(parts.log, error, () => giveFormBack(session, once)),
      )
      // Whoever was signed out at this very moment, by a new password for instance, leaves nothing behind.
      if (made.is === 'made' && !(await isStillIn(session))) {
        await required().sessions.end(made.id, 'revoked', { cause: origin })
        throw new Problem(403, 'You were signed out at this moment, so no token was made.')
      }
      if (made.is === 'nobody')
        throw new Problem(403, 'Your account was changed or switched off at this moment, so no token was made.')
      if (made.is === 'too-many') return showList(ctx, 422)
      ctx.show<TokenMadePage>('tokens/made', {
        title: 'Your new API token',
        token: made.token,
        command: `curl -s ${origins.forLinks}/api/me -H 'Authorization: Bearer ${made.token}'`,
        facts: [
          { label: 'Name', value: wanted.name },
          { label: 'Access', value: accessOf(wanted) },
          { label: 'Expires', value: momentOf(made.expirationDate) },
        ],
      })
    },

    async revoke(ctx: Context) {
      const { userId } = signedIn(ctx)
      if (!(await revokeApiToken(required(), userId, String(ctx.params.id), originOf(ctx)))) {
        const notice = 'There is no such token of yours: it was revoked before, or has expired. Nothing was changed.'
        return showList(ctx, 404, { notice })
      }
      ctx.status = 303
      ctx.redirect(PAGE)
    },
  }

  /** Answers whether the password that came along is right; if not, the page is shown again with all that was typed. */
  async function proved(ctx: Context, { name, days, scope, once }: WantedToken): Promise<boolean> {
    const { session, userId } = signedIn(ctx)
    const { password } = Object(ctx.request.body) as Record<string, unknown>
    const again = { typed: { name, days: String(days), scope }, once, wrongField: 'password' } as const
    if (password === undefined) {
      await showList(ctx, 422, { ...again, message: 'Your log in was a while ago. Please enter your password too.' })
      return false
    }
    const proof = await provePassword(parts, { ...originOf(ctx), userId, sessionId: session.id, password })
    if (proof.is !== 'proved') {
      answerRefusal(ctx, proof)
      await showList(ctx, ctx.status, { ...again, message: proof.message })
      return false
    }
    await session.renew({ login: true })
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
    const { sessions } = parts
    if (sessions === null) throw new TypeError('apiTokenPages() found no sessions: put requireUser() before it.')
    return { ...parts, sessions }
  }
}

async function isStillIn(session: CrmSession): Promise<boolean> {
  await session.reload()
  return session.userId !== undefined
}

function rowOf(token: ApiToken): ApiTokensPage['tokens'][number] {
  const { id, name, madeAt, lastUsedAt, address, program, expiresAt } = token
  // Programs say who they are in the first word, and what they are made of in the rest.
  const [agent = ''] = (program ?? '').split(' ')
  return {
    name,
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
