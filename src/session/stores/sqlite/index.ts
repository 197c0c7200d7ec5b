export { openForSharing, type SqliteDatabase } from './batch.ts'
export { sqliteFileCheck } from './file-check.ts'
export { type SqliteStoreOptions, sqliteStore } from './store.ts'
