import { type ProgramOptions, type Scope, type ServerProcess, startServerProcess } from '../../support/process.ts'
import { LayerVisitor } from './layer.ts'

export interface CounterPage {
  id: string
  isNew: boolean
  userName: string
  restored: boolean
  storage: { count?: number; left?: number; right?: number; done?: number[] }
}

/** Runs `fixtures/counter-server.ts` in its own process, on the store at this address. */
export async function startCounterServer(
  scope: Scope,
  address: string,
  appName = 'COUNTER',
  option = '',
): Promise<CounterServer> {
  const args = [address, appName, option]
  const options: ProgramOptions = { entry: 'test/session/fixtures/counter-server.ts', args }
  return new CounterServer(await startServerProcess(scope, options))
}

export class CounterServer {
  readonly program: ServerProcess['program']
  readonly url: string

  constructor({ program, url }: ServerProcess) {
    this.program = program
    this.url = url
  }

  /** A visitor of this process, with the cookies of `browser`. */
  visit(browser?: LayerVisitor): LayerVisitor {
    const visitor = new LayerVisitor(this.url)
    for (const [name, value] of browser?.cookies ?? []) visitor.cookies.set(name, value)
    return visitor
  }

  async signIn(): Promise<LayerVisitor> {
    const visitor = this.visit()
    await visitor.read('/login')
    return visitor
  }
}
