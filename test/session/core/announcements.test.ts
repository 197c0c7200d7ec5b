import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../../../src/session/testing/manual-clock.ts'
import type { Scope } from '../../support/process.ts'
import { type Described, type LayerVisitor, PAGES, startLayer } from '../support/layer.ts'
import { type StorePair, sqlitePair } from '../support/sqlite-pair.ts'

/** Opens two stores on the same sessions, as two processes do. */
type OpenPair = () => Promise<StorePair>

const PAIRS: Record<string, OpenPair> = {
  SQLite: async () => sqlitePair(),
}

for (const [name, open] of Object.entries(PAIRS)) {
  test(`the end of a session in one process aborts its signals in another process, and no signal of another session, on ${name}`, async (t) => {
    const { here, there, streams } = await twoProcesses(t, open)
    const ana = here.visitor()
    const bo = here.visitor()
    const { id } = await ana.read<Described>('/login')
    await bo.read('/login?user=Bo&id=5')
    const anasStream = streams.open(there.visitor(), ana)
    const bosStream = streams.open(there.visitor(), bo)
    await Promise.all([anasStream.began, bosStream.began])

    await here.manager.end(id)
    await anasStream.aborted
    assert.equal(bosStream.isAborted(), false)
    await bo.read('/logout')
    await bosStream.aborted
  })

  test(`a device that another process signs out is notified, and the session's other device continues, on ${name}`, async (t) => {
    const { here, there, streams } = await twoProcesses(t, open)
    const ana = here.visitor()
    const { id } = await ana.read<Described>('/login')
    const token = await here.manager.createOTP(id)
    const phone = there.visitor()
    await phone.read(`/read?$4DSID=${token}`)
    const desk = streams.open(there.visitor(), ana)
    const pocket = streams.open(there.visitor(), phone)
    await Promise.all([desk.began, pocket.began])

    const session = await here.manager.get(id)
    const handle = session?.devices.find(({ via }) => via === 'link')?.handle ?? ''
    assert.equal(await here.manager.detach(id, handle), true)
    await pocket.aborted
    assert.equal(desk.isAborted(), false)
    assert.equal((await ana.read<Described>('/read')).userName, 'Ana Lima')
  })

  test(`a login in another process replaces the session and ends the session’s streams in this process, on ${name}`, async (t) => {
    const { here, there, streams } = await twoProcesses(t, open)
    const ana = here.visitor()
    await ana.read('/login')
    const stream = streams.open(there.visitor(), ana)
    await stream.began
    await ana.read('/login?user=Bo&id=5')
    await stream.aborted
  })
}

/** Starts two processes. Their clocks do not advance, so only a notification reports an end in the other process. */
async function twoProcesses(t: Scope, open: OpenPair) {
  const {
    stores: [one, two],
    close,
  } = await open()
  const streams = openStreams()
  const here = await startLayer(t, PAGES, { store: one, clock: manualClock() })
  const there = await startLayer(t, { ...PAGES, '/stream': streams.page }, { store: two, clock: manualClock() })
  t.after(close)
  return { here, there, streams }
}

function openStreams() {
  const begun = new Map<string, (signal: AbortSignal) => void>()
  let made = 0
  return {
    page: async (session: { signal: AbortSignal }, ctx: { query: unknown }) => {
      const { n = '' } = ctx.query as Record<string, string>
      const { signal } = session
      begun.get(n)?.(signal)
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        else signal.addEventListener('abort', () => resolve(), { once: true })
      })
      return 'ended'
    },
    /** Opens a stream of `owner`'s session in the browser `visitor`. */
    open(visitor: LayerVisitor, owner: LayerVisitor) {
      for (const [name, value] of owner.cookies) visitor.cookies.set(name, value)
      const n = String(++made)
      let seen: AbortSignal | undefined
      const began = new Promise<void>((resolve) => {
        begun.set(n, (signal) => {
          seen = signal
          resolve()
        })
      })
      const aborted = visitor.read(`/stream?n=${n}`).then((answer) => assert.equal(answer, 'ended'))
      // The connection may close first when the server stops.
      aborted.catch(() => {})
      return { began, aborted, isAborted: () => seen?.aborted ?? false }
    },
  }
}
