import type { Config } from '../../src/config/config.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { startDemo } from './demo.ts'
import type { Scope } from './process.ts'
import { troubledStore } from './troubled-store.ts'

/** The demo on a session store whose calls can fail. Calls to `store` itself always succeed. */
export async function startTroubledDemo(scope: Scope, settings: Partial<Config> = {}) {
  const store = memoryStore()
  const trouble = troubledStore(store)
  return { demo: await startDemo(scope, settings, { store: trouble.store }), store, trouble }
}
