import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const LONGEST_PAUSE_MILLISECONDS = 30

/** Clients that use their connections again after short pauses, until the server refuses them. */
export function startClients(url: string, count: number) {
  const asked = { total: 0 }
  const errors = Promise.all(Array.from({ length: count }, () => askUntilError(url, asked)))
  return { asked, errors }
}

async function askUntilError(url: string, asked: { total: number }): Promise<string> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (;;) {
    const code = await ask(url, agent)
    if (code !== undefined) return code
    asked.total += 1
    await pause(Math.random() * LONGEST_PAUSE_MILLISECONDS)
  }
}

/** Returns the code of the error, or `undefined` after a complete response. */
function ask(url: string, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve) => {
    const failed = ({ code }: NodeJS.ErrnoException) => resolve(code)
    const asked = request(url, { agent }, (response) => response.resume().once('end', resolve).once('error', failed))
    asked.once('error', failed).end()
  })
}
