import { statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { SqliteDatabase } from './batch.ts'

/**
 * Returns a readiness check. If the file of `db` was deleted or replaced after this call, the check resolves to a text
 * that describes the problem. SQLite does not notice such a change and continues to use the old file. The data in the
 * old file is lost when the process ends.
 * Call this function when the store is open. A check makes two `stat` calls, which take about 40 µs outside the event
 * loop.
 */
export function sqliteFileCheck(db: SqliteDatabase): () => Promise<string | undefined> {
  const { file } = db.prepare('PRAGMA database_list').get() as { file: string | null }
  const opened = file ? [file, `${file}-wal`].map((path) => ({ path, inode: inodeOf(path) })) : []

  return async function checkFile() {
    for (const { path, inode } of opened) {
      if (inode === undefined) continue
      const found = await stat(path, { bigint: true }).catch(unlessMissing)
      if (!found) return 'its file was deleted'
      if (inode !== nameOf(found)) return 'its file was replaced'
    }
    return undefined
  }
}

/** Returns `undefined` for a missing file. For instance, there is no `-wal` file without WAL mode. */
function inodeOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && nameOf(found)
}

function nameOf({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${dev} ${ino}`
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
