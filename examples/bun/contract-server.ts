import { contractManager } from '../../src/session/testing/adapter/app.ts'
import { fetchContract } from '../../test/session/adapters/fetch-contract.ts'

const manager = contractManager(process.argv[2] === 'first-request' ? 'first-request' : 'first-write')
const { url } = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: fetchContract(manager) })
process.stdout.write(`${url.origin}\n`)
