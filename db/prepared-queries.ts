import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { Database } from './tables.ts'

/** Stands for the value with this name in a query that is compiled before the values are known. */
// biome-ignore lint/suspicious/noExplicitAny: a query has values of several types
export type Slot = (name: string) => any

class Placeholder {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

const MOST_QUERIES = 200

const queriesOf = new WeakMap<Kysely<Database>, Map<string, CompiledQuery<unknown>>>()

/**
 * Runs a query that is compiled once for each `shape`, because building and compiling a query takes longer than running
 * it. `build` must depend only on the shape. It uses `slot('name')` in place of `values.name`.
 */
export async function runPrepared<Row>(
  database: Kysely<Database>,
  shape: string,
  values: Readonly<Record<string, unknown>>,
  build: (slot: Slot) => Compilable<Row>,
): Promise<Row[]> {
  let queries = queriesOf.get(database)
  if (queries === undefined) {
    queries = new Map()
    queriesOf.set(database, queries)
  }
  let query = queries.get(shape) as CompiledQuery<Row> | undefined
  if (query === undefined) {
    query = build((name) => new Placeholder(name)).compile()
    queries.set(shape, query)
    if (queries.size > MOST_QUERIES) queries.delete(String(queries.keys().next().value))
  }
  const parameters = query.parameters.map((value) => (value instanceof Placeholder ? values[value.name] : value))
  return (await database.executeQuery<Row>({ ...query, parameters })).rows
}
