import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { StartError } from '../../src/config/start-error.ts'

/**
 * Replaces a folder as a whole: `fill` writes the new folder beside the old one, and then the new folder takes its name.
 * If `fill` throws, or the process is killed, the old folder stays complete.
 */
export function replaceFolder(folder: string, fill: (staged: string) => void): void {
  const { staged, before } = besides(folder)
  try {
    rmSync(staged, { recursive: true, force: true })
    mkdirSync(staged, { recursive: true })
    fill(staged)
    if (existsSync(folder)) {
      chmodSync(staged, statSync(folder).mode)
      renameSync(folder, before)
    }
    try {
      renameSync(staged, folder)
    } catch (error) {
      if (existsSync(before)) renameSync(before, folder)
      throw error
    }
    rmSync(before, { recursive: true, force: true })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new StartError(`${folder} could not be written, and nothing was changed: ${error.message}`, { cause: error })
  } finally {
    if (existsSync(staged)) rmSync(staged, { recursive: true, force: true })
  }
}

/** If a process was killed between the two renames, gives the old folder its name again. */
export function recoverFolder(folder: string): void {
  const { before } = besides(folder)
  if (existsSync(before)) existsSync(folder) ? rmSync(before, { recursive: true }) : renameSync(before, folder)
}

function besides(folder: string) {
  const name = (suffix: string) => join(dirname(folder), `.${basename(folder)}.${suffix}`)
  return { staged: name('new'), before: name('before') }
}
