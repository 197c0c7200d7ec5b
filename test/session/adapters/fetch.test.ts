import { contractManager, proveAdapter } from '../../../src/session/testing/adapter-contract.ts'
import { fetchContract } from './fetch-contract.ts'
import { fetchServer } from './fetch-server.ts'
import { listening } from './listening.ts'

proveAdapter('fetch', async (guests) => {
  const manager = contractManager(guests)
  return listening(fetchServer(fetchContract(manager)), manager)
})
