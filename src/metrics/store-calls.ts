import { Counter, Histogram, type Registry } from 'prom-client'
import type { ObserveCall } from './timed-store.ts'

const BUCKETS_SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5]

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
