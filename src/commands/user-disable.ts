import { AccountError, disableAccount } from '../accounts/index.ts'
import { Problem } from '../web/problem.ts'
import { namedAccount, readArguments, withParts } from './account-argument.ts'
import { runCommand } from './run-command.ts'

await runCommand(disableUser, [AccountError, Problem])

async function disableUser(): Promise<void> {
  const [text] = readArguments('npm run user:disable -- <userId or e-mail address>')
  await withParts(async (parts) => {
    const { userId, userName } = await namedAccount(parts, text)
    await disableAccount(parts, userId)
    process.stdout.write(
      `${userName} (${userId}) is disabled. All sessions, tokens and links of the user have ended.\n`,
    )
  })
}
