import { proveAdapter } from '../../../src/session/testing/adapter-contract.ts'
import { fetchContract } from './fetch-contract.ts'
import { fetchServer } from './fetch-server.ts'
import { listening } from './listening.ts'

proveAdapter('fetch', async (guests) => {
  const { manager, answer } = fetchContract(guests)
  return listening(fetchServer(answer), manager)
})
