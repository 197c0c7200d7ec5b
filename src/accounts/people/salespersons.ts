import type { Kysely } from 'kysely'
import { z } from 'zod'
import { type Database, LARGEST_USER_ID, LONGEST_EMAIL, type Role } from '../../../db/tables.ts'
import { inTurn } from '../../../db/transactions.ts'
import { accounts } from './accounts.ts'
import { type Passwords, passwordProblem } from './passwords.ts'
import { removePendingUsersOf } from './users.ts'

interface AccountParts {
  database: Kysely<Database>
  passwords: Passwords
}

export interface NewSalesperson {
  /** Default: the highest userId plus one. */
  userId?: number | undefined
  firstname: string
  lastname: string
  email: string
  role: Role
  password: string
}

/** Thrown when an account cannot be added or changed. The message is written for the user. */
export class AccountError extends Error {
  override readonly name = 'AccountError'
}

const name = (what: string) =>
  z.string().trim().min(1, `The ${what} is empty.`).max(60, `The ${what} is too long: at most 60 characters.`)

const newSalesperson = z.object({
  userId: z
    .int('A userId is a whole number.')
    .min(1, 'A userId is at least 1.')
    .max(LARGEST_USER_ID, `A userId has at most ${String(LARGEST_USER_ID).length} digits.`)
    .optional(),
  firstname: name('first name'),
  lastname: name('last name'),
  email: z
    .string()
    .trim()
    .toLowerCase()
    .max(LONGEST_EMAIL, `The e-mail address is too long: at most ${LONGEST_EMAIL} characters.`)
    .pipe(z.email('This is not an e-mail address.')),
  role: z.enum(['salesperson', 'manager', 'administrator'], 'The role is salesperson, manager or administrator.'),
  password: z.string(),
})

/** Adds an account and returns its userId. Throws `AccountError` for invalid input and for a taken userId or address. */
export async function addSalesperson({ database, passwords }: AccountParts, input: NewSalesperson): Promise<number> {
  const read = newSalesperson.safeParse(input)
  if (!read.success) throw new AccountError(read.error.issues.map((issue) => issue.message).join(' '))
  const { userId, firstname, lastname, email, role, password } = read.data
  const problem = passwordProblem(password)
  if (problem !== undefined) throw new AccountError(problem)
  const hash = await passwords.hash(password)

  return inTurn(database, { only: 'the numbers of salespersons', email }, async (transaction) => {
    const user_id = userId ?? (await nextUserId(transaction))
    const namesake = await transaction
      .selectFrom('sales_persons')
      .select('user_id')
      .where('user_id', '=', user_id)
      .executeTakeFirst()
    if (namesake !== undefined) throw new AccountError(`The userId ${user_id} is taken.`)
    if (await accounts.hasEmail(transaction, email)) throw new AccountError(`The e-mail address ${email} is taken.`)
    await removePendingUsersOf(transaction, email)
    await transaction
      .insertInto('sales_persons')
      .values({ user_id, firstname, lastname, email, role, password: hash, active: 1 })
      .execute()
    return user_id
  })
}

async function nextUserId(database: Kysely<Database>): Promise<number> {
  const { last } = await database
    .selectFrom('sales_persons')
    .select((row) => row.fn.max('user_id').as('last'))
    .executeTakeFirstOrThrow()
  return Number(last ?? 0) + 1
}
