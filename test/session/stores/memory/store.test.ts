import { memoryStore } from '../../../src/session/index.js'
import { proveStore } from '../../../src/session/testing/store-contract.js'

proveStore('memory', async () => ({ store: memoryStore(), close: async () => {} }))
