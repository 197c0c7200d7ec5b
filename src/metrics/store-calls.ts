import { Counter, Histogram, type Registry } from 'prom-client'
import type { ObserveCall } from './timed-store.ts'

// From a lookup in this process's memory to the deadline of a server.
const BUCKETS_SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5]

/** Keeps how long the session store takes for its calls. */
export function countStoreCalls(registry: Registry): ObserveCall {
  const registers = [registry]
  const seconds = new Histogram({
    name: 'crm_session_store_seconds',
    help: 'How long the session store took for a call, by operation; outcome "error": it did not answer.',
    labelNames: ['operation', 'outcome'],
    buckets: BUCKETS_SECONDS,
    registers,
  })
  const errors = new Counter({
    name: 'crm_session_store_errors_total',
    help: 'Calls that the session store did not answer.',
    registers,
  })
  return function observe(operation, outcome, took) {
    seconds.observe({ operation, outcome }, took)
    if (outcome === 'error') errors.inc()
  }
}
