export type { SqliteDatabase } from './batch.ts'
export { type SqliteStoreOptions, sqliteStore } from './store.ts'
