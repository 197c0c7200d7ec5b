import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../../db/tables.ts'
import type { CrmStorage } from '../../crm-session/crm-storage.ts'
import type { Privilege } from '../../crm-session/privileges.ts'
import type { NewToken, Sessions, TokenScope } from '../../session/index.ts'
import { isUnchanged } from '../people/authenticate.ts'
import { findAccount } from '../people/find-account.ts'
import { personOf } from '../people/person.ts'
import { undoAndThrow } from '../people/rollback.ts'
import type { WantedToken } from './api-token-form.ts'

/** How many live tokens somebody may have. */
export const MOST_TOKENS = 20

const DAY_SECONDS = 24 * 60 * 60

/** A token as its owner sees it: never its secret. */
export interface ApiToken {
  /** Its public handle. */
  id: string
  name: string
  scope: TokenScope
  madeAt: Date
  /** Null: never used. */
  lastUsedAt: Date | null
  /** Where from it was used last, and by which program, as it calls itself. */
  address: string | null
  program: string | null
  /** ISO 8601, UTC. */
  expiresAt: string | null
}

export interface ApiTokenParts {
  database: Kysely<Database>
  log: Logger
  sessions: Pick<Sessions<CrmStorage, Privilege>, 'newToken' | 'list' | 'end'>
}

/** From where somebody makes or revokes a token. */
interface Origin {
  requestId: string
  device: string | null
  address: string
}

export type MadeToken = ({ is: 'made' } & NewToken) | { is: 'too-many' } | { is: 'nobody' }

/** The live tokens of somebody, newest first. What he signed in with elsewhere is not among them. */
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

/**
 * Makes a token with the rights that its owner has by now. `nobody`: he may not sign in any more, or was changed while it
 * was made. Many at once never leave him more than he may have; those that are too many end again.
 */
export async function makeApiToken(
  { database, log, sessions }: ApiTokenParts,
  userId: string,
  { name, scope, days }: Omit<WantedToken, 'once'>,
  origin: Origin,
): Promise<MadeToken> {
  const account = await findAccount(database, userId)
  if (account === undefined) return { is: 'nobody' }
  if ((await apiTokensOf({ sessions }, userId)).length >= MOST_TOKENS) return { is: 'too-many' }
  const { userName, roles } = personOf(account)
  const absoluteSeconds = days * DAY_SECONDS
  const { device, address } = origin
  const made = await sessions.newToken(userId, { device, address, userName, roles, name, scope, absoluteSeconds })
  const undo = async (is: 'too-many' | 'nobody') => {
    await sessions.end(made.id, 'revoked', { cause: origin })
    return { is }
  }

  // Whoever was switched off, or given another role, at this very moment: nothing of what he was stays.
  const unchanged = await isUnchanged(database, account).catch((error) =>
    undoAndThrow(log, error, () => undo('nobody')),
  )
  if (!unchanged) return undo('nobody')
  if ((await apiTokensOf({ sessions }, userId)).length > MOST_TOKENS) return undo('too-many')
  log.info({ event: 'token.made', userId, session: made.id, scope, expires: made.expirationDate }, 'API token made')
  return { is: 'made', ...made }
}

/** Ends a token of this user. `false` when he has none with this id: gone, somebody else's, or never there. */
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
