import assert from 'node:assert/strict'
import test from 'node:test'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { ApiClient } from '../../support/api-client.ts'
import { startDemo } from '../../support/demo.ts'
import { GOOD_PASSWORD, newestLink, signUpAs } from '../../support/sign-up.ts'

const CUSTOMER = 'ana@example.com'

test('a login finds its account with one statement for each table, and checks the account again after the password check', async (t) => {
  const demo = await startDemo(t)
  const tables = recordAccountStatements(demo.parts.database)
  const logIn = (name: number | string, password?: string) => demo.visitor().logIn(name, password)
  const tablesOf = async (work: Promise<unknown>) => {
    tables.length = 0
    await work
    return [...tables]
  }

  // The third statement reads the version of the portfolio, for the top 3.
  assert.deepEqual(await tablesOf(logIn(4)), ['sales_persons', 'sales_persons', 'sales_persons'])
  assert.deepEqual(await tablesOf(new ApiClient(demo).signIn('4')), ['sales_persons', 'sales_persons'])
  const [visitor, program] = [demo.visitor(), new ApiClient(demo)]
  await visitor.logIn(4)
  await program.signIn('4')
  assert.deepEqual(await tablesOf(visitor.get('/account/sessions')), ['sales_persons'], 'a page')
  assert.deepEqual(await tablesOf(program.get('/me')), ['sales_persons'], 'a call')
  assert.deepEqual(await tablesOf(logIn(4, 'wrong')), ['sales_persons'])
  assert.deepEqual(await tablesOf(logIn(999)), ['sales_persons'])
  assert.deepEqual(await tablesOf(logIn('unknown@example.com')), ['sales_persons', 'users'])

  await signUpAs(demo, demo.visitor(), CUSTOMER)
  assert.deepEqual(await tablesOf(logIn(CUSTOMER, GOOD_PASSWORD)), ['sales_persons', 'users'], 'pending')
  await demo.visitor().get(await newestLink(demo, CUSTOMER))
  assert.deepEqual(await tablesOf(logIn(CUSTOMER, GOOD_PASSWORD)), ['sales_persons', 'users', 'users'])
})

/** Records the account table that each later statement outside of a transaction uses. */
function recordAccountStatements(database: Kysely<Database>): string[] {
  const tables: string[] = []
  const executor = database.getExecutor()
  const execute: typeof executor.executeQuery = executor.executeQuery.bind(executor)
  executor.executeQuery = (query, options) => {
    const [, table] = /"(sales_persons|users)"/.exec(query.sql) ?? []
    // The login page of the demo lists its accounts.
    if (table !== undefined && !query.sql.includes('"user_id" <=')) tables.push(table)
    return execute(query, options)
  }
  return tables
}
