import { type ProgramOptions, type Scope, type ServerProcess, startServerProcess } from '../../support/process.ts'
import { LayerVisitor } from './layer.ts'

/** What every page of the counter server answers. */
export interface CounterPage {
  id: string
  isNew: boolean
  userName: string
  restored: boolean
  storage: { count?: number; left?: number; right?: number; done?: number[] }
}

/** The program of `fixtures/counter-server.ts` in a process of its own, on the store at this address. */
export async function startCounterServer(scope: Scope, address: string, appName = 'COUNTER'): Promise<CounterServer> {
  const options: ProgramOptions = { entry: 'test/session/fixtures/counter-server.ts', args: [address, appName] }
  return new CounterServer(await startServerProcess(scope, options))
}

export class CounterServer {
  readonly program: ServerProcess['program']
  readonly #url: string

  constructor({ program, url }: ServerProcess) {
    this.program = program
    this.#url = url
  }

  /** The same browser at another process, as behind a proxy: it brings its cookies along. */
  visit(browser?: LayerVisitor): LayerVisitor {
    const visitor = new LayerVisitor(this.#url)
    for (const [name, value] of browser?.cookies ?? []) visitor.cookies.set(name, value)
    return visitor
  }

  /** Somebody who has just signed in. */
  async signIn(): Promise<LayerVisitor> {
    const visitor = this.visit()
    await visitor.read('/login')
    return visitor
  }
}
