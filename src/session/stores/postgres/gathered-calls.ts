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
  /** The calls that no statement contains yet. */
  waiting: Set<Member<Asked, Answer>>
  /** The calls of this turn. */
  newest: Member<Asked, Answer>[]
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

  /**
   * Asks for a connection for these calls. The first connection serves all waiting calls. Each turn asks again, because
   * opening one connection may take forever.
   */
  async function sendWaiting(group: Group<Asked, Answer>, own: readonly Own[]): Promise<void> {
    let batch: Own[] | undefined
    const take = () => {
      const open = [...group.waiting].filter(({ call }) => !call.isOver)
      batch = open.splice(0, LARGEST_BATCH)
      group.waiting = new Set(open)
      if (open.length > 0) void sendWaiting(group, open)
      return batch
    }
    try {
      const { members, rows } = await calls.send(take, statementFor)
      settle(members, rows)
    } catch (error) {
      const failed = batch ?? own.filter((member) => group.waiting.delete(member))
      for (const member of failed) {
        if (failed.length > 1 && isValueRefused(error)) void sendAlone(member)
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
      const group = groups.get(name) ?? { waiting: new Set(), newest: [] }
      groups.set(name, group)
      if (group.newest.length === 0) setImmediate(() => void sendWaiting(group, group.newest.splice(0)))
      const member = { call, asked, resolve, reject }
      group.newest.push(member)
      group.waiting.add(member)
    })
}
