import { AccountError, changeRole } from '../accounts/index.ts'
import { Problem } from '../web/problem.ts'
import { namedAccount, readArguments, withParts } from './account-argument.ts'
import { runCommand } from './run-command.ts'

await runCommand(changeRoleOfUser, [AccountError, Problem])

async function changeRoleOfUser(): Promise<void> {
  const usage = 'npm run user:role -- <userId or e-mail address> <salesperson, manager or administrator>'
  const [text, role = ''] = readArguments(usage, 1)
  await withParts(async (parts) => {
    const { userId, userName } = await namedAccount(parts, text)
    await changeRole(parts, userId, role)
    process.stdout.write(`${userName} (${userId}) is ${role}. All sessions, tokens and links of the user have ended.\n`)
  })
}
