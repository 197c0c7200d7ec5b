import type { Role } from '../../db/tables.ts'
import { AccountError, addSalesperson } from '../accounts/index.ts'
import { readConfig } from '../config/config.ts'
import { createParts, type Parts } from '../parts/parts.ts'
import { askForNewPassword } from './new-password.ts'
import { NoAnswer, Questions } from './questions.ts'
import { runCommand } from './run-command.ts'

await runCommand(addUser, [AccountError, NoAnswer])

/** Asks for the password. A password given as an argument would be visible in shell histories and process lists. */
async function addUser(): Promise<void> {
  const config = readConfig(process.env)
  const questions = new Questions(process.stdin, process.stdout, { terminal: process.stdin.isTTY === true })
  const parts = await createParts({ ...config, sessions: 'none' })
  try {
    const account = await askForAccount(questions, parts)
    const userId = await addSalesperson(parts, account)
    process.stdout.write(
      `${account.firstname} ${account.lastname} can log in as ${account.role} with userId ${userId}.\n`,
    )
  } finally {
    questions.close()
    await parts.close({ endSessions: false })
  }
}

async function askForAccount(questions: Questions, parts: Parts) {
  const userId = await questions.ask('userId (empty: the next free number): ')
  const firstname = await questions.ask('First name: ')
  const lastname = await questions.ask('Last name: ')
  const email = await questions.ask('E-mail: ')
  const role = (await questions.ask('Role (salesperson, manager or administrator): ')) as Role
  const password = await askForNewPassword(questions, parts, [firstname, lastname, email])
  return { userId: userId === '' ? undefined : Number(userId), firstname, lastname, email, role, password }
}
