import { contractManager } from '../../../src/session/testing/adapter/app.ts'

const shared = globalThis as { contractOfNext?: ReturnType<typeof contractManager> }
shared.contractOfNext ??= contractManager(process.env.GUESTS === 'first-request' ? 'first-request' : 'first-write')

export const manager = shared.contractOfNext
