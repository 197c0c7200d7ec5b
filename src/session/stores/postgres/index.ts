export type { PostgresClient, PostgresPool } from './pool.ts'
export { preparePostgresStore } from './schema.ts'
export { type PostgresStoreOptions, postgresStore } from './store.ts'
