import { Counter, Histogram, type Registry } from 'prom-client'
import type { SessionStore, StoreMethod } from '../session/index.ts'

const BUCKETS_SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5]

/** The outcome is 'error' when the store throws an error. Every result has the outcome 'ok', even an empty result. */
export type ObserveCall = (operation: StoreMethod | 'probe', outcome: 'ok' | 'error', seconds: number) => void

export function countStoreCalls(registry: Registry): ObserveCall {
  const registers = [registry]
  const seconds = new Histogram({
    name: 'crm_session_store_seconds',
    help: 'Duration of session store calls, by operation; outcome "error": the call failed.',
    labelNames: ['operation', 'outcome'],
    buckets: BUCKETS_SECONDS,
    registers,
  })
  const errors = new Counter({
    name: 'crm_session_store_errors_total',
    help: 'Failed calls of the session store.',
    registers,
  })
  return function observe(operation, outcome, took) {
    seconds.observe({ operation, outcome }, took)
    if (outcome === 'error') errors.inc()
  }
}

export function timedStore(store: SessionStore, observe: ObserveCall): SessionStore {
  async function time<T>(operation: StoreMethod | 'probe', call: () => Promise<T>): Promise<T> {
    const began = performance.now()
    let outcome: 'ok' | 'error' = 'error'
    try {
      const answer = await call()
      outcome = 'ok'
      return answer
    } finally {
      observe(operation, outcome, (performance.now() - began) / 1000)
    }
  }

  const probe = store.probe?.bind(store)
  return {
    create: (call) => time('create', () => store.create(call)),
    find: (call) => time('find', () => store.find(call)),
    get: (call) => time('get', () => store.get(call)),
    credentials: (call) => time('credentials', () => store.credentials(call)),
    update: (call) => time('update', () => store.update(call)),
    touch: (call) => time('touch', () => store.touch(call)),
    attach: (call) => time('attach', () => store.attach(call)),
    detach: (call) => time('detach', () => store.detach(call)),
    rotate: (call) => time('rotate', () => store.rotate(call)),
    setDetails: (call) => time('setDetails', () => store.setDetails(call)),
    findOTP: (call) => time('findOTP', () => store.findOTP(call)),
    redeem: (call) => time('redeem', () => store.redeem(call)),
    replace: (call) => time('replace', () => store.replace(call)),
    end: (call) => time('end', () => store.end(call)),
    endMany: (call) => time('endMany', () => store.endMany(call)),
    remove: (call) => time('remove', () => store.remove(call)),
    takeMessage: (call) => time('takeMessage', () => store.takeMessage(call)),
    list: (call) => time('list', () => store.list(call)),
    count: (call) => time('count', () => store.count(call)),
    sweep: (call) => time('sweep', () => store.sweep(call)),
    ...(probe && { probe: (call: Parameters<typeof probe>[0]) => time('probe', () => probe(call)) }),
    ...(store.warnings && { warnings: store.warnings }),
    ...(store.presence && { presence: store.presence }),
    ...(store.announcements && { announcements: store.announcements }),
  }
}
