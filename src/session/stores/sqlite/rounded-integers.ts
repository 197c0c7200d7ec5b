import type { SqliteDatabase, SqliteStatement } from './batch.ts'

/** A statement of node:sqlite. */
interface NodeStatement extends SqliteStatement {
  setReadBigInts(enabled: boolean): void
}

/** Returns a connection that rounds integers above 2^53, like better-sqlite3. Without it, node:sqlite throws. */
export function withRoundedIntegers(db: SqliteDatabase): SqliteDatabase {
  return {
    exec: (sql) => db.exec(sql),
    prepare(sql) {
      const statement = db.prepare(sql)
      if (!isNodeStatement(statement)) return statement
      return {
        run: (...parameters) => statement.run(...parameters),
        get: (...parameters) => read(statement, () => statement.get(...parameters)),
        all: (...parameters) => read(statement, () => statement.all(...parameters)),
      }
    },
  }
}

function isNodeStatement(statement: SqliteStatement): statement is NodeStatement {
  return 'setReadBigInts' in statement
}

function read<T>(statement: NodeStatement, ask: () => T): T {
  try {
    return ask()
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_OUT_OF_RANGE') throw error
  }
  statement.setReadBigInts(true)
  try {
    return rounded(ask()) as T
  } finally {
    statement.setReadBigInts(false)
  }
}

function rounded(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(rounded)
  const isRow = typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
  return isRow ? Object.fromEntries(Object.entries(value).map(([column, one]) => [column, rounded(one)])) : value
}
