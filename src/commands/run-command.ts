import { writeSync } from 'node:fs'
import { ConfigError } from '../config/config.ts'
import { readEnvFile } from '../config/env-file.ts'
import { StartError } from '../config/start-error.ts'

type ErrorClass = abstract new (...args: never[]) => Error

/** Runs the command, then ends the process. Errors that the user can fix are printed without a stack. */
export async function runCommand(command: () => Promise<void>, expected: readonly ErrorClass[] = []): Promise<never> {
  try {
    readEnvFile()
    await command()
    process.exit(0)
  } catch (error) {
    const known = [ConfigError, StartError, ...expected].some((type) => error instanceof type)
    const text = known ? (error as Error).message : error instanceof Error ? error.stack : String(error)
    writeSync(2, `${text}\n`)
    process.exit(1)
  }
}
