import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Browser, type SentRequest } from './browser.ts'
import type { Shown, StartContestant } from './contestant.ts'
import { Holds } from './holds.ts'
import { HttpConnection } from './http-connection.ts'
import type { UsualSetUp } from './koa-session.ts'
import { Outage } from './outage.ts'

export interface Experiment {
  /** The last part of its address. */
  name: string
  title: string
  question: string
  steps: readonly string[]
  expected: string
  /** How the usual way is set up. */
  usualWay: string
  usual?: Partial<UsualSetUp>
  /** Another set-up of koa-session, which the lab also runs. It can be stronger, or have another fault. */
  otherwise?: { setUp: string; usual: Partial<UsualSetUp> }
  /** How this layer is set up, beyond what all experiments share. */
  ownWay?: string
  /** Whether a third pane shows this layer with device binding. Only this pane then shows the expected result. */
  bindsDevice?: true
  /** A page of the lab on which the visitor does the same. */
  ownTry?: { href: string; label: string }
  /** The promise in docs/behaviour.md, and a test that proves it. */
  promise: string
  test: string
  run(stage: Stage): Promise<Verdict>
}

interface Verdict {
  holds: boolean
  actual: string
}

interface Run extends Verdict {
  requests: SentRequest[]
}

/** What an experiment may do with a contestant. */
export interface Stage {
  browser(who: string): Browser
  /** Advances the clock of the contestant and of the browsers. */
  wait(minutes: number): void
  /** Makes the stores of the contestant fail. */
  outage: Outage
  /**
   * Sends requests that wait in their handlers at the given hold. When all of them wait, calls `meanwhile`, and then
   * releases them. Returns what they show.
   */
  overlap(send: (hold: string) => Promise<Shown>[], meanwhile?: () => Promise<unknown>): Promise<Shown[]>
}

/** Starts the contestant on a free port of this machine, runs the experiment over HTTP, and stops the contestant. */
export async function runExperiment(experiment: Pick<Experiment, 'run'>, start: StartContestant): Promise<Run> {
  const holds = new Holds()
  const outage = new Outage()
  const contestant = start({ hold: holds.hold, outage })
  const server = createServer(contestant.listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let begun = 0
  const requests: SentRequest[] = []
  const connections: HttpConnection[] = []
  let overlaps = 0

  const open = (who: string, record: (sent: SentRequest) => void) => {
    const connection = new HttpConnection(origin)
    connections.push(connection)
    return new Browser(who, { origin, exchange: connection.exchange, now: () => contestant.clock.now(), record })
  }

  const stage: Stage = {
    browser(who) {
      return open(who, (sent) => requests.push({ ...sent, from: sent.from - begun, until: sent.until - begun }))
    },
    wait(minutes) {
      contestant.clock.advance({ minutes })
    },
    outage,
    async overlap(send, meanwhile = async () => {}) {
      const hold = `hold${overlaps++}`
      const sent = send(hold)
      const all = Promise.all(sent)
      try {
        // A request that is refused before its handler waits must not stop the run.
        await Promise.race([holds.arrived(hold, sent.length), all])
        await meanwhile()
      } finally {
        holds.release(hold)
      }
      return all
    },
  }

  try {
    // The first request takes longer than the others, so the run does not show it.
    await open('', () => {}).get('/page')
    begun = performance.now()
    const verdict = await experiment.run(stage)
    return { ...verdict, requests: requests.sort((one, other) => one.from - other.from) }
  } finally {
    for (const connection of connections) connection.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await contestant.close()
  }
}
