import { StartError } from '../../src/config/start-error.ts'

/** Runs a command. Errors that the user can fix are printed without a stack. */
export async function runScript(script: () => void | Promise<void>): Promise<void> {
  try {
    await script()
  } catch (error) {
    console.error(error instanceof StartError ? error.message : error)
    process.exitCode = 1
  }
}
