import { setImmediate } from 'node:timers'
import { isValueRefused, type OpenCall, type PostgresCalls } from './calls.ts'
import type { PostgresStatement } from './pool.ts'

/** The statement for a call that is alone, and the statement for several calls. */
interface Gathering<Asked, Answer extends object | null> {
  one: {
    statementFor(asked: Asked): PostgresStatement
    answerIn(rows: readonly unknown[]): Answer
  }
  many: {
    /** Only calls of the same group share a statement. */
    groupOf(asked: Asked): string
    statementFor(asked: readonly Asked[]): PostgresStatement
    /** Returns the answer for each call. An answer `undefined` means that the call must be sent alone. */
    answersIn(rows: readonly unknown[], count: number): (Answer | undefined)[]
  }
}

interface Member<Asked, Answer> {
  call: OpenCall
  asked: Asked
  resolve(answer: Answer): void
  reject(error: unknown): void
}

interface Group<Asked, Answer> {
  waiting: Member<Asked, Answer>[]
  isScheduled: boolean
}

const LARGEST_BATCH = 100

/**
 * Gathers the calls of one turn of the event loop into one statement. While all connections are busy, further calls
 * join. A call is sent alone if no other call joins it, if the statement did not answer it, or if PostgreSQL refused a
 * value of the statement.
 */
export function gatherCalls<Asked, Answer extends object | null>(
  calls: PostgresCalls,
  { one, many }: Gathering<Asked, Answer>,
) {
  type Own = Member<Asked, Answer>
  const groups = new Map<string, Group<Asked, Answer>>()

  function schedule(name: string, group: Group<Asked, Answer>): void {
    if (group.isScheduled) return
    group.isScheduled = true
    setImmediate(() => sendWaiting(name, group))
  }

  async function sendWaiting(name: string, group: Group<Asked, Answer>): Promise<void> {
    const count = group.waiting.length
    let batch: Own[] = []
    const take = (most: number) => {
      batch = group.waiting.splice(0, most)
      group.isScheduled = false
      if (group.waiting.length > 0) schedule(name, group)
      else groups.delete(name)
      return batch
    }
    try {
      const { members, rows } = await calls.send(() => take(LARGEST_BATCH), statementFor)
      settle(members, rows)
    } catch (error) {
      // Without a connection, the calls that waited for it fail.
      if (batch.length === 0) take(count)
      for (const member of batch) {
        if (batch.length > 1 && isValueRefused(error)) void sendAlone(member)
        else member.reject(error)
      }
    }
  }

  function statementFor(members: readonly Own[]): PostgresStatement {
    const [first] = members
    return members.length === 1 && first
      ? one.statementFor(first.asked)
      : many.statementFor(members.map(({ asked }) => asked))
  }

  function settle(members: readonly Own[], rows: readonly unknown[]): void {
    const answers = members.length > 1 ? many.answersIn(rows, members.length) : members.map(() => one.answerIn(rows))
    for (const [index, member] of members.entries()) {
      const answer = answers[index]
      if (answer !== undefined) member.resolve(answer)
      else void sendAlone(member)
    }
  }

  async function sendAlone(member: Own): Promise<void> {
    member.call.isSent = false
    try {
      const { members, rows } = await calls.send(() => [member], statementFor)
      settle(members, rows)
    } catch (error) {
      member.reject(error)
    }
  }

  return (call: OpenCall, asked: Asked): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const name = many.groupOf(asked)
      const group = groups.get(name) ?? { waiting: [], isScheduled: false }
      groups.set(name, group)
      group.waiting.push({ call, asked, resolve, reject })
      schedule(name, group)
    })
}
