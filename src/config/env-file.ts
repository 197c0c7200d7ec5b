import { join } from 'node:path'
import { projectRoot } from './project-root.ts'
import { StartError } from './start-error.ts'

/**
 * Reads the file `.env` into the environment of this process. Variables that are set already stay unchanged. A missing
 * file is no error. Tests (`NODE_ENV=test`) do not read the file. @throws a `StartError` when the file is unreadable.
 */
export function readEnvFile(folder = projectRoot()): void {
  if (process.env.NODE_ENV === 'test') return
  const file = join(folder, '.env')
  try {
    process.loadEnvFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw new StartError(`${file} cannot be read. Make it a file that this user may read, or remove it.`, {
      cause: error,
    })
  }
}
