import { memoryStore } from '../../../../src/session/stores/memory/index.ts'
import { proveStore } from '../../../../src/session/testing/store-contract.ts'

proveStore('memory', async () => ({ store: memoryStore(), close: async () => {} }))
