import { Connections } from '../../src/parts/connections.ts'
import { createLog } from '../../src/parts/log.ts'
import { openSessionStore } from '../../src/parts/open-session-store.ts'
import { createParts } from '../../src/parts/parts.ts'
import { manualClock } from '../../src/session/testing/manual-clock.ts'
import { demoConfig } from './demo.ts'

/** Opens a public demo on SQLite files at the time `now`, and closes it. Returns whether it was reset. */
export async function openPublicDemo(folder: string, now: string, onEnd = () => {}): Promise<boolean> {
  const config = demoConfig({
    demoPublic: true,
    sessionCloseOnStop: false,
    database: { kind: 'sqlite', file: `${folder}/crm.sqlite` },
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

// As a program, it kills itself between the two steps of a reset: the data is replaced, and the sessions have not ended.
const [folder, now] = process.argv.slice(2)
if (import.meta.main && folder !== undefined && now !== undefined) {
  let ends = 0
  await openPublicDemo(folder, now, () => {
    ends += 1
    if (ends === 2) process.kill(process.pid, 'SIGKILL')
  })
}
