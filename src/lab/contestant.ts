import type { RequestListener } from 'node:http'
import type { ManualClock } from '../session/testing/manual-clock.ts'
import type { Hold } from './holds.ts'
import type { Outage } from './outage.ts'

/**
 * A small application on one session library. A signed-in user has notes in the session.
 * - `GET /page` only reads the session.
 * - `POST /save` adds the query's `note` to the notes, also for a guest.
 * - `POST /login` signs in the query's `user` without a password. `POST /logout` signs out.
 * - `POST /end-others` ends all other cookies of the session.
 * - `POST /link` makes a one-time link for the user. The response contains it as `link`.
 * - `GET` or `POST` of the link opens it. If the response contains `question`, only the POST opens it.
 *
 * Before `/save` writes, and while a link is being opened, the handler waits at the hold that the query names. A hold
 * stands for a slow task, for instance a query of a database.
 */
interface Contestant {
  listener: RequestListener
  clock: ManualClock
  close(): Promise<void>
}

/** What an experiment can do to a contestant. */
interface Control {
  hold: Hold
  outage: Outage
}

export type StartContestant = (control: Control) => Contestant

/** What every page of a contestant answers. */
export interface Shown {
  /** Null for a guest. */
  user: string | null
  notes: readonly string[]
  /** How often a copy of the cookie was refused. */
  copies?: number
  link?: string
  question?: boolean
  /** The public ID of the session. */
  id?: string
  /** Whether the request had a bound cookie without a proof of its key. */
  isUnproved?: boolean
  /** True if the response has an error status. */
  isRefused?: boolean
}

/** What a page reads from the query of its request. A value that is absent is ''. */
export interface Asked {
  path: string
  user: string
  note: string
  hold: string
  token: string
}

export function askedBy({ path, querystring }: { path: string; querystring: string }): Asked {
  const query = new URLSearchParams(querystring)
  const value = (name: string) => query.get(name) ?? ''
  return { path, user: value('user'), note: value('note'), hold: value('hold'), token: value('token') }
}
