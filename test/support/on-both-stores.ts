import test, { type TestContext } from 'node:test'
import type { Config } from '../../src/config/config.ts'

const STORES: Config['sessionStore'][] = [{ kind: 'memory' }, { kind: 'sqlite', file: ':memory:' }]

/** Defines a test for each embedded session store. */
export function onBothStores(name: string, claim: (t: TestContext, settings: Partial<Config>) => Promise<void>): void {
  for (const sessionStore of STORES) test(`${name} (${sessionStore.kind})`, (t) => claim(t, { sessionStore }))
}
