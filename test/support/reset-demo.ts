import { QueryCreator } from 'kysely'
import type { DatabaseSetting } from '../../src/config/config-values.ts'
import { Connections } from '../../src/parts/connections.ts'
import { createLog } from '../../src/parts/log.ts'
import { openSessionStore } from '../../src/parts/open-session-store.ts'
import { createParts } from '../../src/parts/parts.ts'
import { manualClock } from '../../src/session/testing/manual-clock.ts'
import { demoConfig } from './demo.ts'

/**
 * Opens a public demo at the time `now`, and closes it. Its sessions are in the folder, and so is its data, unless the
 * folder stands with another database. Returns whether the demo was reset.
 */
export async function openPublicDemo(
  folder: string,
  now: string,
  onEnd = () => {},
  database: DatabaseSetting = { kind: 'sqlite', file: `${folder}/crm.sqlite` },
): Promise<boolean> {
  const config = demoConfig({
    demoPublic: true,
    sessionCloseOnStop: false,
    database,
    sessionStore: { kind: 'sqlite', file: `${folder}/sessions.sqlite` },
  })
  const connections = new Connections(() => {})
  const store = await openSessionStore(config.sessionStore, connections, config.appName)
  const endMany = store.endMany.bind(store)
  store.endMany = (...call) => {
    onEnd()
    return endMany(...call)
  }
  const lines: string[] = []
  const log = createLog(config, { write: (line) => void lines.push(line) })
  const parts = await createParts(config, { store, clock: manualClock(Date.parse(now)), log })
  await parts.close({ endSessions: false })
  await connections.close()
  return lines.some((line) => line.includes('"demo.reset"'))
}

// As a program, it kills itself in a reset. Without an address of a database, this is between the two steps: the data is
// replaced, and the sessions have not ended. With an address, it is in the transaction that replaces the data.
const [folder, now, database] = process.argv.slice(2)
if (import.meta.main && folder !== undefined && now !== undefined) {
  let ends = 0
  const kill = () => process.kill(process.pid, 'SIGKILL')
  const { insertInto } = QueryCreator.prototype
  Object.assign(QueryCreator.prototype, {
    insertInto(this: QueryCreator<unknown>, table: never) {
      // All tables are empty by then, except for those of the accounts and the customers.
      if (database !== undefined && table === 'purchases') kill()
      return insertInto.call(this, table)
    },
  })
  const onEnd = () => {
    ends += 1
    if (database === undefined && ends === 2) kill()
  }
  await openPublicDemo(folder, now, onEnd, database === undefined ? undefined : JSON.parse(database))
}
