import { type EndedSession, isGuestRecord } from '../../record.ts'
import type { Admission, CallOf, Updated } from '../../store.ts'
import { answerOf, functionCall, type OpenCall, type PostgresCalls } from './calls.ts'
import { gatherCalls } from './gathered-calls.ts'
import { licences, perUser } from './limits.ts'
import { credentialValues, sessionValues } from './rows.ts'

type CreateCall = CallOf<'create'>
type UpdateCall = CallOf<'update'>

/** The writes of visitors: new sessions and changes of the storage. Several of them share one statement and one commit. */
export function postgresWrites(calls: PostgresCalls) {
  async function createAlone(call: OpenCall, asked: CreateCall): Promise<Admission> {
    const { app, session, credential, limits, now } = asked
    const made = [sessionValues(session), credentialValues(credential)]
    const values = [app, ...made, ...licences(limits), perUser(limits), now]
    const ended = await answer(call, 'session_create_v3', values)
    return ended === undefined ? { admitted: false } : { admitted: true, ended: ended as EndedSession[] }
  }

  async function updateAlone(call: OpenCall, asked: UpdateCall): Promise<Updated> {
    const { app, id, expected, writeId, changes, limits, now } = asked
    const { storage, userName, userId, grants, lastAccessTime, idleMilliseconds, end, authenticatedAt } = changes
    const fields = [storage, userName, userId, grants, lastAccessTime, idleMilliseconds, end, authenticatedAt]
    const values = [app, id, expected.version, expected.by, writeId, ...fields, perUser(limits), now]
    const ended = await answer(call, 'session_update_v3', values)
    return { updated: ended !== undefined, ended: (ended ?? []) as EndedSession[] }
  }

  async function answer(call: OpenCall, name: string, values: unknown[]): Promise<unknown> {
    return answerOf(await calls.rows(functionCall(name, values), call))
  }

  const createTogether = gatherCalls(calls, {
    groupOf: (asked: CreateCall) => JSON.stringify([asked.app, ...room(asked)]),
    statementFor(asked) {
      const [first] = asked as [CreateCall]
      const sessions = transposed(asked.map(({ session }) => sessionValues(session)))
      const credentials = transposed(asked.map(({ credential }) => credentialValues(credential)))
      return functionCall('session_create_many_v1', [first.app, sessions, credentials, ...room(first)])
    },
    answersIn: (rows, count) =>
      Array.from({ length: count }, () =>
        answerOf(rows) === true ? { admitted: true as const, ended: [] } : undefined,
      ),
    alone: createAlone,
  })

  const updateTogether = gatherCalls(calls, {
    groupOf: ({ app }: UpdateCall) => app,
    statementFor(asked) {
      const lists = [
        asked.map(({ id }) => id),
        asked.map(({ expected }) => expected.version),
        asked.map(({ expected }) => expected.by),
        asked.map(({ writeId }) => writeId),
        asked.map(({ changes }) => changes.storage),
        asked.map(({ now }) => now),
      ]
      return functionCall('session_update_many_v1', [asked[0]?.app, ...lists])
    },
    answersIn(rows, count) {
      const places = new Set(answerOf(rows) as number[])
      return Array.from({ length: count }, (_, index) =>
        places.has(index + 1) ? { updated: true, ended: [] } : undefined,
      )
    },
    alone: updateAlone,
  })

  return {
    create: (asked: CreateCall) =>
      calls.open((call) => (isPlainVisit(asked) ? createTogether : createAlone)(call, asked)),
    update: (asked: UpdateCall) =>
      calls.open((call) => (changesOnlyStorage(asked) ? updateTogether : updateAlone)(call, asked)),
  }
}

/** Whether no other session ends because of the new session, neither by a limit nor by a repeated login. */
function isPlainVisit({ session, credential, limits }: CreateCall): boolean {
  const mayRepeat = credential.kind === 'cookie' && credential.details !== null
  return !mayRepeat && (session.userId === null || perUser(limits) === null)
}

/** The limit of all sessions, and the limit of the guests for a guest. */
function room({ session, limits }: CreateCall): (number | null | undefined)[] {
  const [sessions, guests] = licences(limits)
  return [sessions, isGuestRecord(session) ? guests : null]
}

function transposed(rows: readonly unknown[][]): unknown[][] {
  return rows[0]?.map((_, place) => rows.map((row) => row[place])) ?? []
}

function changesOnlyStorage({ changes: { storage, ...others } }: UpdateCall): boolean {
  return storage !== undefined && Object.values(others).every((value) => value === undefined)
}
