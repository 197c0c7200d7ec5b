import { isValueRefused, type OpenCall, type PostgresCalls } from './calls.ts'
import type { PostgresStatement } from './pool.ts'

// While this many batches of a group are on their way, further calls wait, so that the next batch contains more calls.
const MOST_ON_THEIR_WAY = Number(process.env.PG_MOST ?? 1)
// A batch that takes longer than this time does not hold up further calls. Its connection may have failed.
const PATIENCE_MILLISECONDS = Number(process.env.PG_PATIENCE ?? 20)
const LARGEST_BATCH = 100

export interface Gathering<Item, Answer> {
  /** Only items of the same group share a batch. */
  groupOf(item: Item): string
  statementFor(items: readonly Item[]): PostgresStatement
  /** Returns the answer of each item. The answer `undefined` means that the item must be asked alone. */
  answersIn(rows: unknown[], count: number): (Answer | undefined)[]
  alone(call: OpenCall, item: Item): Promise<Answer>
}

interface Member<Item, Answer> {
  call: OpenCall
  item: Item
  resolve(answer: Answer | Promise<Answer>): void
  reject(error: unknown): void
}

interface Group<Item, Answer> {
  waiting: Member<Item, Answer>[]
  onTheirWay: number
  isScheduled: boolean
}

/**
 * Gathers the calls of one turn of the event loop into one statement. A call that is the only one of its turn is asked
 * alone. Calls are also asked alone if the statement did not answer them, or if PostgreSQL refused one of its values.
 */
export function gatherCalls<Item, Answer>(
  calls: PostgresCalls,
  { groupOf, statementFor, answersIn, alone }: Gathering<Item, Answer>,
): (call: OpenCall, item: Item) => Promise<Answer> {
  type Own = Member<Item, Answer>
  const groups = new Map<string, Group<Item, Answer>>()

  function schedule(name: string, group: Group<Item, Answer>): void {
    if (group.isScheduled) return
    group.isScheduled = true
    setImmediate(sendWaiting, name, group)
  }

  function sendWaiting(name: string, group: Group<Item, Answer>): void {
    group.isScheduled = false
    group.waiting = group.waiting.filter(({ call }) => !call.isOver)
    while (group.waiting.length > 0 && group.onTheirWay < MOST_ON_THEIR_WAY) {
      const batch = group.waiting.splice(0, LARGEST_BATCH)
      const [first] = batch
      if (batch.length === 1 && first) askAlone(first)
      else track(name, group, askTogether(batch))
    }
    if (group.waiting.length === 0 && group.onTheirWay === 0) groups.delete(name)
  }

  /** Sends the next batch after the reply, or when the reply takes long. */
  function track(name: string, group: Group<Item, Answer>, batch: Promise<void>): void {
    let isCounted = true
    group.onTheirWay++
    const goOn = () => {
      if (!isCounted) return
      isCounted = false
      group.onTheirWay--
      schedule(name, group)
    }
    const timer = setTimeout(goOn, PATIENCE_MILLISECONDS)
    void batch.finally(() => {
      clearTimeout(timer)
      goOn()
    })
  }

  async function askTogether(batch: readonly Own[]): Promise<void> {
    try {
      const { members, rows } = await calls.send(batch, (waiting) => statementFor(waiting.map(({ item }) => item)))
      const answers = answersIn(rows, members.length)
      for (const [index, member] of members.entries()) {
        const answer = answers[index]
        if (answer === undefined) askAlone(member)
        else member.resolve(answer)
      }
    } catch (error) {
      for (const member of batch) {
        if (isValueRefused(error)) askAlone(member)
        else member.reject(error)
      }
    }
  }

  function askAlone({ call, item, resolve }: Own): void {
    call.isSent = false
    resolve(alone(call, item))
  }

  return (call, item) =>
    new Promise((resolve, reject) => {
      const name = groupOf(item)
      let group = groups.get(name)
      if (group === undefined) {
        group = { waiting: [], onTheirWay: 0, isScheduled: false }
        groups.set(name, group)
      }
      group.waiting.push({ call, item, resolve, reject })
      schedule(name, group)
    })
}
