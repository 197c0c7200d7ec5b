import { memoryStoreOn } from '../../../../src/session/stores/memory/store.ts'
import { memoryRows } from '../../../../src/session/stores/shared/memory-rows.ts'
import { proveStore } from '../../../../src/session/testing/store-contract.ts'
import { openMemory } from '../../support/memory-store.ts'

proveStore('memory', () => openMemory({ memoryRows, memoryStoreOn }))
