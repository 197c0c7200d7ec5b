import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../../db/tables.ts'
import type { CrmSession, CrmSessions } from '../../crm-session/crm-session.ts'
import type { NewToken, TokenScope } from '../../session/index.ts'
import { identityOf } from '../people/account.ts'
import { accounts, isUnchanged } from '../people/accounts.ts'
import { rollback } from '../people/rollback.ts'
import { hasStampOf, stampsOf } from '../people/security-stamp.ts'
import type { Origin } from '../sign-in/verify-password.ts'
import type { RequestedToken } from './api-token-form.ts'

export const MOST_TOKENS = 20

const DAY_SECONDS = 24 * 60 * 60

export interface ApiToken {
  id: string
  name: string
  scope: TokenScope
  madeAt: Date
  lastUsedAt: Date | null
  /** The network address of the last use. */
  address: string | null
  program: string | null
  expiresAt: string | null
}

export interface ApiTokenParts {
  database: Kysely<Database>
  log: Logger
  sessions: Pick<CrmSessions, 'newToken' | 'list' | 'storage' | 'end'>
}

type MadeToken = ({ is: 'made' } & NewToken) | { is: 'too-many' } | { is: 'account-changed' }

/** Returns the live API tokens of a user, newest first. Sessions from `POST /api/signin` are not included. */
export async function apiTokensOf({ sessions }: Pick<ApiTokenParts, 'sessions'>, userId: string): Promise<ApiToken[]> {
  const { sessions: found } = await sessions.list({ userId, kind: 'rest', via: 'token' }, { size: 5 * MOST_TOKENS })
  return found.flatMap(({ id, startTime, expirationDate, devices }) => {
    const device = devices.find(({ via }) => via === 'token')
    if (device === undefined) return []
    const { name, scope, createdAt, lastSeenAt, address, device: program } = device
    return {
      id,
      name,
      scope,
      madeAt: startTime ?? createdAt,
      lastUsedAt: lastSeenAt,
      address,
      program,
      expiresAt: expirationDate,
    }
  })
}

/** Makes an API token. Then counts the tokens again, so that concurrent calls cannot exceed `MOST_TOKENS`. */
export async function makeApiToken(
  { database, log, sessions }: ApiTokenParts,
  { session, userId }: { session: Pick<CrmSession, 'storage'>; userId: string },
  { name, scope, days }: Omit<RequestedToken, 'once'>,
  origin: Origin,
): Promise<MadeToken> {
  const account = await accounts.findById(database, userId)
  if (account === undefined || !hasStampOf(session, account)) return { is: 'account-changed' }
  if ((await apiTokensOf({ sessions }, userId)).length >= MOST_TOKENS) return { is: 'too-many' }
  const { userName, roles } = identityOf(account)
  const absoluteSeconds = days * DAY_SECONDS
  const { device, address } = origin
  const storage = stampsOf(account)
  const terms = { userName, roles, name, scope, absoluteSeconds, storage }
  const made = await sessions.newToken(userId, { device, address, ...terms })
  const undo = async (is: 'too-many' | 'account-changed') => {
    await sessions.end(made.id, 'revoked', { cause: origin })
    return { is }
  }

  const unchanged = await isUnchanged(database, account).catch((error) =>
    rollback(log, error, () => undo('account-changed')),
  )
  if (!unchanged) return undo('account-changed')
  if ((await apiTokensOf({ sessions }, userId)).length > MOST_TOKENS) return undo('too-many')
  log.info({ event: 'token.made', userId, session: made.id, scope, expires: made.expirationDate }, 'API token made')
  return { is: 'made', ...made }
}

/** Revokes an API token. Returns `false` if the user has no such token. */
export async function revokeApiToken(
  { log, sessions }: Pick<ApiTokenParts, 'log' | 'sessions'>,
  userId: string,
  id: string,
  origin: Origin,
): Promise<boolean> {
  const token = (await apiTokensOf({ sessions }, userId)).find((own) => own.id === id)
  if (token === undefined || !(await sessions.end(id, 'revoked', { cause: origin }))) return false
  log.info({ event: 'token.revoked', userId, session: id }, 'API token revoked')
  return true
}
