import { AccountError, accounts, setPassword } from '../accounts/index.ts'
import { Problem } from '../web/problem.ts'
import { namedAccount, readArguments, withParts } from './account-argument.ts'
import { askForNewPassword } from './new-password.ts'
import { NoAnswer, Questions } from './questions.ts'
import { runCommand } from './run-command.ts'

await runCommand(setPasswordOfUser, [AccountError, NoAnswer, Problem])

async function setPasswordOfUser(): Promise<void> {
  const [text] = readArguments('npm run user:password -- <userId or e-mail address>')
  await withParts(async (parts) => {
    const { userId, userName } = await namedAccount(parts, text)
    const account = await accounts.findById(parts.database, userId)
    if (account === undefined)
      throw new AccountError(`${userName} (${userId}) is disabled. Enable the account first with user:enable.`)
    const questions = new Questions(process.stdin, process.stdout, { terminal: process.stdin.isTTY === true })
    try {
      const password = await askForNewPassword(questions, parts, [userName, account.email])
      const origin = { requestId: '', address: 'the server', device: null }
      if (!(await setPassword(parts, account, password, origin)))
        throw new AccountError('The account was changed at the same moment, so this change was not made. Try again.')
    } finally {
      questions.close()
    }
    process.stdout.write(
      `${userName} (${userId}) has a new password. All sessions, tokens and links of the user have ended.\n`,
    )
  })
}
