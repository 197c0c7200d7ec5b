import type { Database } from 'better-sqlite3'
import type { Redis } from 'ioredis'
import type { Pool, PoolConfig } from 'pg'
import { explainPostgresError } from '../../db/explain-postgres.ts'
import type { DatabaseSetting, SessionStoreSetting } from '../config/config-values.ts'
import { StartError } from '../config/start-error.ts'
import { sqliteFileCheck } from '../session/stores/sqlite/index.ts'
import type { ReadinessCheck } from '../web/readiness.ts'
import { openSqlite } from './open-sqlite.ts'

// After these timeouts, the server responds with status 503.
const CONNECT_MILLISECONDS = 2000
const QUERY_MILLISECONDS = 5000
// `statement_timeout` is shorter than `query_timeout`, so PostgreSQL cancels a query before the client stops waiting.
const POSTGRES_LIMITS: PoolConfig = {
  query_timeout: QUERY_MILLISECONDS,
  statement_timeout: 4000,
  idle_in_transaction_session_timeout: 10_000,
}
const POOL_SIZE = 10
// `demo:reset` finds running servers by this name.
const PROGRAM = 'koa-session-crm'
const RECONNECT_MILLISECONDS = { first: 50, most: 1000 }
const INT8 = 20

type OnConnectionError = (problem: { server: 'PostgreSQL' | 'Redis'; error: unknown }) => void

/** The database connections of one process. The drivers of PostgreSQL and Redis are loaded on first use. */
export class Connections {
  readonly #onError: OnConnectionError
  readonly #files: Database[] = []
  readonly #fileChecks = new Map<string, ReadinessCheck>()
  // The maps contain promises, so that concurrent callers share one connection.
  readonly #pools = new Map<string, Promise<Pool>>()
  readonly #redis = new Map<string, Promise<Redis>>()

  constructor(onError: OnConnectionError) {
    this.#onError = onError
  }

  /** Opens a SQLite file. Throws a `StartError` that names `variable`, the setting with the file's path. */
  sqlite(file: string, variable: string): Database {
    const database = openSqlite(file, variable)
    this.#files.push(database)
    if (!this.#fileChecks.has(file)) this.#fileChecks.set(file, sqliteFileCheck(database))
    return database
  }

  /** Checks whether a SQLite file was deleted or replaced after this process opened the file. */
  fileCheck(setting: DatabaseSetting | SessionStoreSetting): ReadinessCheck | undefined {
    return setting.kind === 'sqlite' ? this.#fileChecks.get(setting.file) : undefined
  }

  /** Equal addresses share a pool. Rejects with a `StartError` that names `variable`, the setting with the address. */
  postgres(url: string, variable: string): Promise<Pool> {
    return openedOnce(this.#pools, url, () => this.#openPostgres(url, variable))
  }

  async #openPostgres(url: string, variable: string): Promise<Pool> {
    const pool = await this.#pool(url, { ...POSTGRES_LIMITS, max: POOL_SIZE, min: 1 })
    try {
      await pool.query('SELECT 1')
      return pool
    } catch (error) {
      await pool.end()
      throw asStartError(explainPostgresError(error, url, variable), 'PostgreSQL', url, variable)
    }
  }

  /** Returns a pool without timeouts, for migrations. The caller ends the pool. */
  unlimitedPostgres(url: string): Promise<Pool> {
    return this.#pool(url, { max: 1 })
  }

  async #pool(url: string, limits: PoolConfig): Promise<Pool> {
    const { Pool, types } = await import('pg')
    const pool = new Pool({
      ...limits,
      connectionString: url,
      application_name: PROGRAM,
      connectionTimeoutMillis: CONNECT_MILLISECONDS,
      keepAlive: true,
      // Reads 64-bit integers as numbers, because counts and cents are far below `Number.MAX_SAFE_INTEGER`.
      types: {
        getTypeParser: (type, format) =>
          (type === INT8 && format !== 'binary' ? Number : types.getTypeParser(type, format)) as never,
      },
    })
    // Without a listener, an error of a checked-out connection would end the process.
    pool.on('connect', (client) => client.on('error', () => {}))
    pool.on('error', (error) => {
      // `error.client` contains the last query of the connection, which must not be logged.
      Reflect.deleteProperty(error, 'client')
      if (!pool.ending) this.#onError({ server: 'PostgreSQL', error })
    })
    return pool
  }

  /** The connection neither retries nor queues commands, so that an outage is reported at once. */
  redis(url: string, variable: string): Promise<Redis> {
    return openedOnce(this.#redis, `commands ${url}`, () => this.#openRedis(url, variable, 'commands'))
  }

  /** Opens a separate connection, because a Redis connection that subscribes to channels cannot run other commands. */
  redisSubscriber(url: string, variable: string): Promise<Redis> {
    return openedOnce(this.#redis, `messages ${url}`, () => this.#openRedis(url, variable, 'messages'))
  }

  async #openRedis(url: string, variable: string, use: 'commands' | 'messages'): Promise<Redis> {
    const { Redis } = await import('ioredis')
    const { reconnectRedis } = await import('../session/stores/redis/index.ts')
    const redis: Redis = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      enableAutoPipelining: true,
      // The session store gathers the calls of its scripts itself. In a pipeline, a script would wait for the reply to
      // the pipeline before.
      autoPipeliningIgnoredCommands: ['EVALSHA'],
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_MILLISECONDS,
      socketTimeout: QUERY_MILLISECONDS,
      // After a failover, the old primary refuses writes. A new connection may reach the new primary.
      reconnectOnError({ message }) {
        if (message.startsWith('READONLY')) reconnectRedis(redis)
        return false
      },
      retryStrategy: (times) => Math.min(times * RECONNECT_MILLISECONDS.first, RECONNECT_MILLISECONDS.most),
    })
    redis.on('error', (error) => this.#onError({ server: 'Redis', error }))
    try {
      await redis.connect()
    } catch (error) {
      redis.disconnect()
      throw asStartError(error, 'Redis', url, variable)
    }
    if (use === 'messages') this.#keepAlive(redis)
    return redis
  }

  /** Pings the server regularly. Without traffic, a lost connection would be detected only after minutes. */
  #keepAlive(redis: Redis): void {
    const timer = setInterval(() => {
      if (redis.status === 'ready') redis.ping().catch(() => {})
    }, QUERY_MILLISECONDS).unref()
    redis.once('end', () => clearInterval(timer))
  }

  async close(): Promise<void> {
    const close = <T>(opened: Map<string, Promise<T>>, end: (one: T) => unknown) =>
      Promise.all([...opened.values()].map((opening) => opening.then(end, () => {})))
    await close(this.#redis, (redis) => redis.disconnect())
    await close(this.#pools, (pool) => pool.end())
    for (const file of this.#files) file.close()
  }
}

/** Returns the connection that `open` has opened for `key`. After a failure, the next caller runs `open` again. */
function openedOnce<T>(opened: Map<string, Promise<T>>, key: string, open: () => Promise<T>): Promise<T> {
  const known = opened.get(key)
  if (known) return known
  const opening = open()
  opened.set(key, opening)
  opening.catch(() => opened.delete(key))
  return opening
}

/** The message contains only the host of the address, because the address may contain a password. */
function asStartError(error: unknown, server: string, url: string, variable: string): StartError {
  if (error instanceof StartError) return error
  const { host } = new URL(url)
  const reason = error instanceof Error ? error.message : String(error)
  return new StartError(`${server} at ${host} cannot be used (${variable}): ${reason}`, { cause: error })
}
