import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { StartContestant } from './contestant.ts'
import { Holds } from './holds.ts'
import { SlowRecords } from './slow-records.ts'

const LONG_TEXT = /[\w.~+/=-]{16,}/g

interface RunningContestant {
  url: string
  close(): void
}

/** Serves the pages of a contestant, and URLs through which the probes pause pages and read the stored data. */
export async function serve(start: StartContestant): Promise<RunningContestant> {
  const holds = new Holds()
  const { listener, store, forge } = await start({ hold: holds.hold, records: new SlowRecords() })
  const longTexts = () => [...new Set(store?.texts().flatMap((text) => text.match(LONG_TEXT) ?? []))]
  const forProbes: Record<string, (name: string) => unknown> = {
    '/probe/arrived': (name) => holds.arrived(name),
    '/probe/release': (name) => holds.release(name),
    '/probe/writes': () => store?.writes() ?? null,
    '/probe/texts': () => (store ? longTexts() : null),
    '/probe/forged': () => forge?.(longTexts()) ?? [],
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const forProbe = forProbes[pathname]
    if (!forProbe) return void listener(request, response)
    response.end(JSON.stringify((await forProbe(searchParams.get('name') ?? '')) ?? null))
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close().closeAllConnections() }
}
