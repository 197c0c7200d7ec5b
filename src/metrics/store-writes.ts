import { Gauge, type Registry } from 'prom-client'
import type { Clock, Sessions, WriteState } from '../session/index.ts'
import { singleFlightCache } from '../web/single-flight-cache.ts'

// `/readyz` has a cache of its own. With these limits, its result is still less than five seconds old.
const TIMEOUT_MILLISECONDS = 1000
const KEPT_MILLISECONDS = 2000

/** `unavailable`: the store does not answer. `unknown`: the store has no probe. */
export type StoreWrites = WriteState | { state: 'unavailable'; error?: unknown } | { state: 'unknown' }

/** Returns a function that probes whether the session store accepts writes, at most once every two seconds. */
export function probeStore(sessions: Pick<Sessions, 'probe'>, clock: Clock): () => Promise<StoreWrites> {
  const probe = singleFlightCache(() => sessions.probe(), {
    clock,
    patienceMilliseconds: TIMEOUT_MILLISECONDS,
    keptMilliseconds: () => KEPT_MILLISECONDS,
  })
  let latest: StoreWrites = { state: 'unknown' }
  return async () => {
    const outcome = await probe()
    if (outcome.is === 'answer') latest = outcome.value ?? { state: 'unknown' }
    // A store leaves a read-only server by opening a new connection. Meanwhile, probes fail and the state is kept.
    else if (latest.state !== 'read-only')
      latest = { state: 'unavailable', ...(outcome.is === 'failure' && { error: outcome.error }) }
    return latest
  }
}

export function gaugeStoreWrites(registry: Registry, storeWrites: () => Promise<StoreWrites>): void {
  new Gauge({
    name: 'crm_session_store_writes',
    help: 'Whether the session store accepts writes: 1 for its present state.',
    labelNames: ['state'],
    registers: [registry],
    // Each process has its own connections. The value of a state is 1 if at least one process is in that state.
    aggregator: 'max',
    async collect() {
      const { state } = await storeWrites()
      for (const label of ['writable', 'refusing', 'read-only', 'unavailable'])
        this.set({ state: label }, Number(label === state))
    },
  })
}
