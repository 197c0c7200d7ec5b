import { proveAdapter } from '../../src/session/testing/adapter-contract.ts'
import { proveExample, startProgram } from '../conversation.ts'

const start = (...args: string[]) => startProgram(import.meta.dirname, 'node_modules/.bin/bun', args)

proveExample('Bun', () => start('server.ts'))
proveAdapter('fetch on Bun', (guests) => start('contract-server.ts', guests))
