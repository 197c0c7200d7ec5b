import { z } from 'zod'
import { LARGEST_USER_ID } from '../../db/tables.ts'
import {
  type AccountName,
  currentAccount,
  identityOf,
  LONGEST_ACCOUNT_NAME,
  LONGEST_TYPED_PASSWORD,
  readAccountName,
  type SignedIn,
  signIn,
  stampsOf,
} from '../accounts/index.ts'
import { TokenSession } from '../session/index.ts'
import { Problem } from '../web/problem.ts'
import { originOf } from '../web/request-origin.ts'
import type { ApiParts } from './api-parts.ts'
import { apiSessionOf } from './api-session.ts'
import { openEndpoint } from './endpoint.ts'
import { message, moment } from './shapes.ts'

const SHORTEST_IDLE_SECONDS = 60
const LONGEST_IDLE_SECONDS = 24 * 60 * 60
// Matches only texts without NUL and unpaired surrogates.
const TEXT = /^[^\0\p{Cs}]*$/u
const BROKEN = 'must not contain NUL or broken characters'

const credentials = z
  .strictObject({
    username: z
      .union([z.int().min(1).max(LARGEST_USER_ID), z.string().min(1).max(LONGEST_ACCOUNT_NAME).regex(TEXT, BROKEN)], {
        error: ({ input }) =>
          input === undefined ? 'is required' : 'must be a userId such as 4, or an e-mail address',
      })
      .meta({ examples: ['4'], description: 'The userId, or the e-mail address.' }),
    password: z
      .string()
      .min(1)
      .max(LONGEST_TYPED_PASSWORD)
      .regex(TEXT, BROKEN)
      .meta({ format: 'password', examples: ['correct horse battery staple'] }),
    idleSeconds: z
      .int()
      .min(SHORTEST_IDLE_SECONDS)
      .max(LONGEST_IDLE_SECONDS)
      .optional()
      .meta({
        examples: [1800],
        description: 'After how many seconds without a request the token ends. Default 1800.',
      }),
  })
  .meta({ id: 'Credentials' })

const token = z
  .strictObject({
    token: z
      .string()
      .meta({ description: 'To be sent with each request as `Authorization: Bearer <token>`. Keep it secret.' }),
    expires: moment.nullable().meta({ description: 'When it ends if no more requests come; null: never.' }),
  })
  .meta({ id: 'Token' })

const presence = z
  .strictObject({
    message: z.string(),
    signedIn: z.boolean(),
    userId: z.string().optional(),
  })
  .meta({ id: 'Presence' })

const TAG = 'Signing in'

export function signInEndpoints(parts: ApiParts) {
  const { log } = parts
  return [
    openEndpoint({
      name: 'testPage',
      method: 'GET',
      path: '/testpage',
      tag: TAG,
      summary: 'Check whether the API is available, and whether a token is valid',
      answers: { 200: { description: 'It is available.', schema: presence } },
      async handle({ ctx }) {
        const { session } = ctx
        const userId = session instanceof TokenSession && !session.isNew ? session.userId : undefined
        const account =
          session instanceof TokenSession && !session.isNew ? await currentAccount(parts.database, session) : undefined
        const about = account?.is === 'account' ? { signedIn: true, userId } : { signedIn: false }
        return { status: 200, body: { message: 'The API is here.', ...about } }
      },
    }),

    openEndpoint({
      name: 'signIn',
      method: 'POST',
      path: '/signin',
      tag: TAG,
      summary: 'Sign in and get a token',
      description:
        'Failures are counted for each username and network, together with those on the login page. After ten failures in 15 minutes, further attempts are refused without checking the password.',
      body: credentials,
      answers: { 200: { description: 'Signed in.', schema: token } },
      problems: {
        401: 'The username is unknown, the password is wrong, or the address was not validated yet.',
        429: 'Too many failed attempts; `Retry-After` says when to try again.',
      },
      async handle({ ctx, body: { username, password, idleSeconds } }) {
        const session = apiSessionOf(ctx)
        let issued = ''
        const outcome = await signIn(
          parts,
          { ...originOf(ctx), account: nameOf(username), password },
          async (account) => {
            const { userId, userName, roles } = identityOf(account)
            const storage = stampsOf(account)
            const options = { userName, roles, storage, ...(idleSeconds !== undefined && { idleSeconds }) }
            issued = await session.newSession(userId, options)
            return session
          },
        )
        if (outcome.is !== 'account') throw refusal(outcome)
        return { status: 200, body: { token: issued, expires: session.expirationDate } }
      },
    }),

    openEndpoint({
      name: 'signOut',
      method: 'POST',
      path: '/signout',
      tag: TAG,
      summary: 'Sign out: the token works no longer',
      anyQuery: true,
      answers: { 200: { description: 'Signed out, or no token was given.', schema: message } },
      async handle({ ctx }) {
        const { session } = ctx
        if (!(session instanceof TokenSession) || session.isNew)
          return { status: 200, body: { message: 'You were not signed in.' } }
        const { id, userId } = session
        await session.close()
        log.info({ event: 'logout', userId, session: id }, 'logged out')
        return { status: 200, body: { message: 'You are signed out. This token works no longer.' } }
      },
    }),
  ]
}

/** A malformed username counts as an unknown e-mail address. Both get the same response time and rate limit. */
function nameOf(username: number | string): AccountName {
  const text = String(username)
  return readAccountName(text) ?? { email: text.trim().toLowerCase() }
}

function refusal(outcome: Exclude<SignedIn, { is: 'account' }>): Problem {
  return outcome.is === 'limited'
    ? new Problem(429, outcome.message, { 'Retry-After': String(outcome.retryAfterSeconds) })
    : new Problem(401, outcome.message, { 'WWW-Authenticate': 'Bearer' })
}
