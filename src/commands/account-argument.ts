import { AccountError, findAccount, readAccountName } from '../accounts/index.ts'
import { readConfig } from '../config/config.ts'
import { StartError } from '../config/start-error.ts'
import { createParts, type Parts } from '../parts/parts.ts'

/** Opens the database and the session store of the server, and closes them after `run`. */
export async function withParts(run: (parts: Parts) => Promise<void>): Promise<void> {
  const parts = await createParts(readConfig(process.env))
  try {
    await run(parts)
  } finally {
    await parts.close({ endSessions: false })
  }
}

/** Reads the arguments of a command: the account, and `more` further words. */
export function readArguments(usage: string, more = 0): [account: string, ...words: string[]] {
  const [account, ...words] = process.argv.slice(2)
  if (account === undefined || words.length !== more) throw new StartError(`Usage: ${usage}`)
  return [account, ...words]
}

/** Finds an account in any state by its userId or its e-mail address. Throws an `AccountError` for any other text. */
export async function namedAccount({ database }: Parts, text: string) {
  const name = readAccountName(text)
  const account = await findAccount(database, name ?? text.trim())
  if (account === undefined)
    throw new AccountError(`There is no account with the userId or the e-mail address ${text}.`)
  return account
}
