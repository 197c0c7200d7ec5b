import { AccountError, enableAccount } from '../accounts/index.ts'
import { namedAccount, readArguments, withParts } from './account-argument.ts'
import { runCommand } from './run-command.ts'

await runCommand(enableUser, [AccountError])

async function enableUser(): Promise<void> {
  const [text] = readArguments('npm run user:enable -- <userId or e-mail address>')
  await withParts(async (parts) => {
    const { userId, userName } = await namedAccount(parts, text)
    await enableAccount(parts, userId)
    process.stdout.write(`${userName} (${userId}) is enabled and can log in.\n`)
  })
}
