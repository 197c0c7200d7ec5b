import { parentPort, workerData } from 'node:worker_threads'
import { keepsPromise, storePromises } from '../../../src/session/testing/store-contract.ts'
import { openMemory } from '../support/memory-store.ts'

export type Verdict = 'passes' | 'fails' | 'does not load'

// A worker that runs the contract on the memory store of a copy of the layer, up to the first failed claim.
parentPort?.postMessage(await verdictOn(workerData))

async function verdictOn(stores: string): Promise<Verdict> {
  const parts = await loaded(stores)
  if (!parts) return 'does not load'
  for (const promise of storePromises) {
    try {
      await keepsPromise(promise, () => openMemory(parts))
    } catch {
      return 'fails'
    }
  }
  return 'passes'
}

async function loaded(stores: string) {
  try {
    return { ...(await import(`${stores}/shared/memory-rows.ts`)), ...(await import(`${stores}/memory/store.ts`)) }
  } catch {
    return undefined
  }
}
