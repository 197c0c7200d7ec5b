export type { RedisSubscriber } from './announcements.ts'
export type { RedisClient } from './client.ts'
export { reconnectRedis } from './reconnection.ts'
export { type RedisStoreOptions, redisStore } from './store.ts'
