import type { AddressInfo, Server } from 'node:net'
import type { ContractManager, ContractServer } from '../../../src/session/testing/adapter-contract.ts'

/** Starts a server on a free port. */
export async function listening(server: Server, manager: ContractManager): Promise<ContractServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      await new Promise((resolve) => server.close(resolve))
      await manager.close()
    },
  }
}
