import { readConfig } from '../config/config.ts'
import { sessionStore } from '../config/config-values.ts'
import { StartError } from '../config/start-error.ts'
import { Connections } from '../parts/connections.ts'
import { openSessionStore } from '../parts/open-session-store.ts'
import { copySessions, isProcessRunning, type SessionStore } from '../session/index.ts'
import { runCommand } from './run-command.ts'

const USAGE =
  'npm run sessions:move -- <from> <to>, each as in SESSION_STORE: sqlite:<path>, redis://host:port or postgres://…\n' +
  'Stop all servers first, with SESSION_CLOSE_ON_STOP=false; what is written meanwhile may stay behind.'

await runCommand(moveSessions)

async function moveSessions(): Promise<void> {
  const [from, to, ...more] = process.argv.slice(2)
  if (from === undefined || to === undefined || more.length > 0) throw new StartError(USAGE)
  const { appName } = readConfig(process.env)
  const connections = new Connections(() => {})
  try {
    const source = await open(from, connections, appName, 'the first address')
    const target = await open(to, connections, appName, 'the second address')
    await refuseWhileServed(source, appName)
    const { sessions, credentials } = await copySessions(source, target, { appName })
    process.stdout.write(
      `${sessions} sessions of ${appName} with ${credentials} devices, tokens and links are in the new store.\n` +
        'Start the servers with SESSION_STORE set to its address. The old store was left as it is.\n',
    )
  } catch (error) {
    if (error instanceof TypeError)
      throw new StartError(error.message.replace(/^copySessions\(\): /, ''), { cause: error })
    throw error
  } finally {
    await connections.close()
  }
}

async function open(
  address: string,
  connections: Connections,
  appName: string,
  variable: string,
): Promise<SessionStore> {
  const read = sessionStore.safeParse(address)
  if (read.success && read.data.kind !== 'memory')
    return openSessionStore(read.data, connections, appName, { variable })
  const problem = read.success ? 'memory holds nothing that could be moved.' : read.error.issues[0]?.message
  throw new StartError(`${variable}: ${problem}\n${USAGE}`)
}

/** Throws when a server uses a SQLite store. Redis and PostgreSQL stores do not record which processes use them. */
async function refuseWhileServed({ presence }: SessionStore, appName: string): Promise<void> {
  const call = { app: appName, processId: `move-${process.pid}`, isRunning: isProcessRunning, now: Date.now() }
  const isAlone = (await presence?.leave(call)) ?? true
  if (!isAlone) throw new StartError('A server is using the first store. Stop it first; nothing was copied.')
}
