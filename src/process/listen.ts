import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Config } from '../config/config.ts'
import { StartError } from '../config/start-error.ts'

const TRIES = 20
// Every second port stays free for the demo's external platform.
const STEP = 2
// `APP_NAME` has at most 40 characters. A hyphen and a port of five digits need six of them.
const LONGEST_NAME = 34

/** Tries further ports when a default port is busy. @throws a `StartError` that says what to change. */
export async function listen(
  server: Server,
  {
    host,
    port,
    portIsExplicit,
    variable = 'PORT',
  }: Pick<Config, 'host' | 'port' | 'portIsExplicit'> & { variable?: string },
): Promise<{ port: number; busyPorts: number[] }> {
  const busyPorts: number[] = []
  for (let next = port; next <= 65_535; next += STEP) {
    const error = await tryToListen(server, host, next)
    if (!error) return { port: (server.address() as AddressInfo).port, busyPorts }
    if (error.code !== 'EADDRINUSE') throw cannotListen(error, host, next, variable)
    if (portIsExplicit)
      throw new StartError(`Port ${port} is busy. Set ${variable} to another one, or stop the program that uses it.`)
    busyPorts.push(next)
    if (busyPorts.length === TRIES) break
  }
  throw new StartError(`The ports ${port} to ${busyPorts.at(-1)} are busy. Set ${variable} to a free one.`)
}

/**
 * Adds the port to the application name if the default port is busy. The browser sends cookies to all ports of a host,
 * so two demos with one name would sign each other out.
 */
export async function nameForPort(config: Config): Promise<Config> {
  if (config.portIsExplicit) return config
  const server = createServer()
  const { port, busyPorts } = await listen(server, config)
  await new Promise((resolve) => server.close(resolve))
  return busyPorts.length === 0
    ? config
    : Object.freeze({ ...config, appName: `${config.appName.slice(0, LONGEST_NAME)}-${port}` })
}

function tryToListen(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  const listening = once(server, 'listening')
  server.listen({ host, port })
  return listening.then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  )
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number, variable: string): Error {
  if (error.code === 'EACCES')
    return new StartError(`Port ${port} needs more rights than this user has. Set ${variable} to one above 1023.`)
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN')
    return new StartError(`HOST: ${host} is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for all of them.`)
  return error
}
