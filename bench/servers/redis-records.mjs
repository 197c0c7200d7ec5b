/** Stores records in the usual way. Each operation is one command, and Redis expires the keys. */
export function redisRecords(redis, prefix) {
  return {
    async get(id) {
      const data = await redis.get(prefix + id)
      return data === null ? undefined : JSON.parse(data)
    },
    async set(id, session, maxAge) {
      await redis.set(prefix + id, JSON.stringify(session), 'PX', maxAge)
    },
    async destroy(id) {
      await redis.del(prefix + id)
    },
  }
}
