import { type EndedSession, isGuestRecord } from '../../record.ts'
import type { Admission, CallOf, Updated } from '../../store.ts'
import { answerOf, functionCall, type PostgresCalls } from './calls.ts'
import { gatherCalls } from './gathered-calls.ts'
import { licences, perUser } from './limits.ts'
import type { PostgresStatement } from './pool.ts'
import { credentialValues, sessionValues } from './rows.ts'

// The driver escapes the texts of a list character by character. For a longer storage, a statement of its own is faster.
const LONGEST_GATHERED = 8000

type CreateCall = CallOf<'create'>
type UpdateCall = CallOf<'update'>

/** New sessions and updates. Most of them are gathered, so that they share one statement and one commit. */
export function postgresWrites(calls: PostgresCalls) {
  const createGathered = gatherCalls(calls, {
    one: { statementFor: creation, answerIn: admission },
    many: {
      groupOf: (asked) => JSON.stringify([asked.app, ...room(asked)]),
      statementFor: creations,
      answersIn: (rows, count) =>
        answerOf(rows) === true ? Array.from({ length: count }, () => ({ admitted: true, ended: [] })) : [],
    },
  })
  const updateGathered = gatherCalls(calls, {
    one: { statementFor: change, answerIn: changed },
    many: {
      groupOf: ({ app }) => app,
      statementFor: changes,
      answersIn(rows, count) {
        const places = answerOf(rows) as number[]
        return Array.from({ length: count }, (_, index) =>
          places.includes(index + 1) ? { updated: true, ended: [] } : undefined,
        )
      },
    },
  })

  return {
    create: async (asked: CreateCall): Promise<Admission> =>
      isShortVisit(asked)
        ? calls.open((call) => createGathered(call, asked))
        : admission(await calls.rows(creation(asked))),
    update: async (asked: UpdateCall): Promise<Updated> =>
      changesOnlyShortStorage(asked)
        ? calls.open((call) => updateGathered(call, asked))
        : changed(await calls.rows(change(asked))),
  }
}

/** Whether the storage is short, and no other session can end by a limit or as a repeated login. */
function isShortVisit({ session, credential, limits }: CreateCall): boolean {
  const mayRepeat = credential.kind === 'cookie' && credential.details !== null
  return (
    !mayRepeat && session.storage.length <= LONGEST_GATHERED && (session.userId === null || perUser(limits) === null)
  )
}

function creation({ app, session, credential, limits, now }: CreateCall): PostgresStatement {
  const made = [sessionValues(session), credentialValues(credential)]
  return functionCall('session_create_v3', [app, ...made, ...licences(limits), perUser(limits), now])
}

function admission(rows: readonly unknown[]): Admission {
  const ended = answerOf(rows)
  return ended === undefined ? { admitted: false } : { admitted: true, ended: ended as EndedSession[] }
}

function creations(asked: readonly CreateCall[]): PostgresStatement {
  const [first] = asked as [CreateCall]
  const sessions = transposed(asked.map(({ session }) => sessionValues(session)))
  const credentials = transposed(asked.map(({ credential }) => credentialValues(credential)))
  return functionCall('session_create_many_v1', [first.app, sessions, credentials, ...room(first)])
}

/** The limit of all sessions and, for a guest, the limit of guests. */
function room({ session, limits }: CreateCall): (number | null | undefined)[] {
  const [sessions, guests] = licences(limits)
  return [sessions, isGuestRecord(session) ? guests : null]
}

function transposed(rows: readonly unknown[][]): unknown[][] {
  return rows[0]?.map((_, place) => rows.map((row) => row[place])) ?? []
}

function changesOnlyShortStorage({ changes: { storage, ...others } }: UpdateCall): boolean {
  return (
    storage !== undefined &&
    storage.length <= LONGEST_GATHERED &&
    Object.values(others).every((value) => value === undefined)
  )
}

function change({ app, id, expected, writeId, changes, limits, now }: UpdateCall): PostgresStatement {
  const { storage, userName, userId, grants, lastAccessTime, idleMilliseconds, end, authenticatedAt } = changes
  const fields = [storage, userName, userId, grants, lastAccessTime, idleMilliseconds, end, authenticatedAt]
  const values = [app, id, expected.version, expected.by, writeId, ...fields, perUser(limits), now]
  return functionCall('session_update_v3', values)
}

function changed(rows: readonly unknown[]): Updated {
  const ended = answerOf(rows)
  return { updated: ended !== undefined, ended: (ended ?? []) as EndedSession[] }
}

function changes(asked: readonly UpdateCall[]): PostgresStatement {
  return functionCall('session_update_many_v1', [
    asked[0]?.app,
    asked.map(({ id }) => id),
    asked.map(({ expected }) => expected.version),
    asked.map(({ expected }) => expected.by),
    asked.map(({ writeId }) => writeId),
    asked.map(({ changes }) => changes.storage),
    asked.map(({ now }) => now),
  ])
}
