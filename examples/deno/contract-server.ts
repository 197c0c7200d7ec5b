import { contractManager } from '../../src/session/testing/adapter/app.ts'
import { fetchContract } from '../../test/session/adapters/fetch-contract.ts'

const manager = contractManager(Deno.args[0] === 'first-request' ? 'first-request' : 'first-write')
const onListen = ({ port }: { port: number }) => console.log(`http://127.0.0.1:${port}`)
Deno.serve({ hostname: '127.0.0.1', port: 0, onListen }, fetchContract(manager))
