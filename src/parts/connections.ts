import SqliteDatabase from 'better-sqlite3'
import type { Redis } from 'ioredis'
import type { Pool, PoolConfig } from 'pg'
import { openDatabaseFile } from '../../db/database-file.ts'
import { explainPostgresError } from '../../db/explain-postgres.ts'
import { StartError } from '../config/start-error.ts'

// How long a process waits for another one that is writing to the same file.
const BUSY_TIMEOUT_MILLISECONDS = 5000
// Longer than this nobody waits for a server: whoever asked hears 503 and may ask again.
const CONNECT_MILLISECONDS = 2000
const QUERY_MILLISECONDS = 5000
// PostgreSQL itself gives up earlier, so that nothing of what nobody waits for is still done: not by a query, nor by locks of the dead.
const POSTGRES_LIMITS: PoolConfig = {
  query_timeout: QUERY_MILLISECONDS,
  statement_timeout: 4000,
  idle_in_transaction_session_timeout: 10_000,
}
const POOL_SIZE = 10
// By this name other programs see whose connections these are, and `demo:reset` whether a server runs.
const PROGRAM = 'koa-session-crm'
const RECONNECT_MILLISECONDS = { first: 50, most: 1000 }
const INT8 = 20

/** What went wrong with a connection while nobody was asking for anything. */
type ConnectionTrouble = (problem: { server: 'PostgreSQL' | 'Redis'; error: unknown }) => void

/** Every connection to a database that a process has: the one place where drivers are named. Those for servers are loaded when one is used. */
export class Connections {
  readonly #onTrouble: ConnectionTrouble
  readonly #files: SqliteDatabase.Database[] = []
  // Promises, so that of two who open the same at once the second one waits for the first.
  readonly #pools = new Map<string, Promise<Pool>>()
  readonly #redis = new Map<string, Promise<Redis>>()

  constructor(onTrouble: ConnectionTrouble) {
    this.#onTrouble = onTrouble
  }

  /** Opens a SQLite file, or throws a `StartError` of one line that names the setting which the file came from. */
  sqlite(file: string, variable: string): SqliteDatabase.Database {
    const database = openSqlite(file, { variable })
    this.#files.push(database)
    return database
  }

  /**
   * The pool for this address; sessions and CRM share it when their addresses are the same. It always keeps a connection. Rejects with a
   * `StartError` when nobody answers there.
   */
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

  /** A pool of one connection without limits of time, for work on the schema; whoever asks for it ends it. */
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
      // Counts and cents are far below what a number holds exactly.
      types: {
        getTypeParser: (type, format) =>
          (type === INT8 && format !== 'binary' ? Number : types.getTypeParser(type, format)) as never,
      },
    })
    // Between the pool and whoever borrows a connection nobody listens to it, and an error that nobody hears ends the process.
    pool.on('connect', (client) => client.on('error', () => {}))
    pool.on('error', (error) => {
      // The pool hangs the whole connection on it, with what was sent last: nothing for a log.
      Reflect.deleteProperty(error, 'client')
      if (!pool.ending) this.#onTrouble({ server: 'PostgreSQL', error })
    })
    return pool
  }

  /** A connection to Redis that never sends a command twice, and never keeps one for later. Rejects when nobody answers there. */
  redis(url: string, variable: string): Promise<Redis> {
    return openedOnce(this.#redis, `commands ${url}`, () => this.#openRedis(url, variable, 'commands'))
  }

  /** Another connection to the same Redis, for messages alone. */
  redisSubscriber(url: string, variable: string): Promise<Redis> {
    return openedOnce(this.#redis, `messages ${url}`, () => this.#openRedis(url, variable, 'messages'))
  }

  async #openRedis(url: string, variable: string, use: 'commands' | 'messages'): Promise<Redis> {
    const { Redis } = await import('ioredis')
    const redis = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      // What is asked in one turn of the event loop goes out together.
      enableAutoPipelining: true,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_MILLISECONDS,
      socketTimeout: QUERY_MILLISECONDS,
      retryStrategy: (times) => Math.min(times * RECONNECT_MILLISECONDS.first, RECONNECT_MILLISECONDS.most),
    })
    redis.on('error', (error) => this.#onTrouble({ server: 'Redis', error }))
    try {
      await redis.connect()
    } catch (error) {
      redis.disconnect()
      throw asStartError(error, 'Redis', url, variable)
    }
    if (use === 'messages') this.#keepAsking(redis)
    return redis
  }

  /** A line on which nothing is asked looks alive for minutes after it was cut. */
  #keepAsking(redis: Redis): void {
    const timer = setInterval(() => {
      if (redis.status === 'ready') redis.ping().catch(() => {})
    }, QUERY_MILLISECONDS).unref()
    redis.once('end', () => clearInterval(timer))
  }

  async close(): Promise<void> {
    // What could not be opened is closed already.
    const close = <T>(opened: Map<string, Promise<T>>, end: (one: T) => unknown) =>
      Promise.all([...opened.values()].map((opening) => opening.then(end, () => {})))
    await close(this.#redis, (redis) => redis.disconnect())
    await close(this.#pools, (pool) => pool.end())
    for (const file of this.#files) file.close()
  }
}

/** One for each key, however many ask for it. What could not be opened is forgotten, so that it can be tried again. */
function openedOnce<T>(opened: Map<string, Promise<T>>, key: string, open: () => Promise<T>): Promise<T> {
  const known = opened.get(key)
  if (known) return known
  const opening = open()
  opened.set(key, opening)
  opening.catch(() => opened.delete(key))
  return opening
}

/** Opens a SQLite file, or throws a `StartError` of one line that names the setting which the file came from. */
export function openSqlite(file: string, { variable }: { variable: string }): SqliteDatabase.Database {
  return openDatabaseFile(file, variable, (path) => new SqliteDatabase(path, { timeout: BUSY_TIMEOUT_MILLISECONDS }))
}

/** The address may carry a password, so only its host is told. */
function asStartError(error: unknown, server: string, url: string, variable: string): StartError {
  if (error instanceof StartError) return error
  const { host } = new URL(url)
  const reason = error instanceof Error ? error.message : String(error)
  return new StartError(`${server} at ${host} cannot be used (${variable}): ${reason}`, { cause: error })
}
