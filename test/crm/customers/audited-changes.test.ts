import assert from 'node:assert/strict'
import test from 'node:test'
import { sql } from 'kysely'
import { type ApiClient, NEW_CUSTOMER, signedIn } from '../../support/api-client.ts'
import { auditRowsOf } from '../../support/audit.ts'
import { type Demo, startDemo } from '../../support/demo.ts'
import { sessionIdOf, snapshotOf } from '../../support/pages.ts'
import type { Visitor } from '../../support/visitor.ts'

const CITY = { city: 'Ennis', contact: 'Personal Name' }
const STEP = { nextStep: 'Confidential step', nextStepOn: '2026-01-06' }
const PURCHASE = { description: 'Confidential pump', amount: '1000', day: '2026-01-02' }
const TABLES = ['audit_events', 'sales_persons', 'customer_notes', 'purchases'] as const

test('[AUDIT-1] each change of a customer is in the audit trail with its user, session and request, but without its values', async (t) => {
  const { demo, helen, program } = await start(t)
  const changes = await changesBy(demo, helen, program)
  for (const change of Object.values(changes)) await change()
  const rows = await changesIn(demo)
  assert.deepEqual(
    rows.map(({ event, detail }) => [event, detail.replace(/(purchase|note) \d+|(customer) \d{3,}/g, '$1$2 N')]),
    [
      ['customer-added', 'customer N'],
      ['customer-changed', 'customer 1: city, contact'],
      ['customer-assigned', 'customer 1: from user 4 to user 2'],
      ['note-added', 'customer 1: note N'],
      ['note-deleted', 'customer 1: note N'],
      ['next-step-changed', 'customer 1'],
      ['next-step-changed', 'customer 1: done'],
      ['note-added', 'customer 1: note N'],
      ['purchase-recorded', 'customer 1: purchase N'],
      ['customer-removed', 'customer 1'],
      ['customer-restored', 'customer 1'],
      ['customer-added', 'customer N: of user 3'],
      ['customer-assigned', 'customer 1: from user 2 to user 4'],
      ['customer-changed', 'customer 1: phone'],
      ['customer-changed', 'customer 1: no new values'],
      ['customer-removed', 'customer 1'],
    ],
  )
  const sessions = new Set(rows.map((row) => row.session_id))
  assert.deepEqual([sessions.size, sessions.has(sessionIdOf(helen))], [2, true], 'the browser’s and the program’s')
  for (const row of rows) {
    assert.deepEqual([row.user_id, row.user_name, row.address], ['5', 'Helen Okafor', '127.0.0.1'])
    assert.match(String(row.request_id), /^[\w-]{36}$/)
  }
  assert.doesNotMatch(rows.map(({ detail }) => detail).join(), /Ennis|Personal|Confidential|Brightwater|\+/)

  const admin = demo.visitor()
  await admin.logInWell(6)
  const { text } = await admin.get('/admin/audit?event=customer-assigned')
  assert.match(text, /Customer assigned[\s\S]*Helen Okafor[\s\S]*customer 1: from user 4 to user 2/)
  assert.match((await admin.get('/admin/audit.csv')).text, /"customer-changed".*"customer 1: city, contact"/)
})

test('[AUDIT-2] without its entry in the audit trail, no change of a customer is stored, and without the change, no entry', async (t) => {
  const { demo, helen, program } = await start(t)
  for (const table of TABLES) {
    const repair = await breakTable(demo, table)
    for (const [name, change] of Object.entries(await changesBy(demo, helen, program))) {
      const before = await stateOf(demo)
      await change()
      const after = await stateOf(demo)
      assert.equal(before.rows !== after.rows, before.entries !== after.entries, `${name}, without ${table}`)
      if (table === 'audit_events') assert.equal(before.rows, after.rows, name)
    }
    await repair()
  }
})

test('[AUDIT-2] a refused or repeated change has no entry', async (t) => {
  const { demo, helen } = await start(t)
  const noah = demo.visitor()
  await noah.logInWell(4)
  await helen.post('/customers/1/remove', { version: '1000000' })
  await helen.post('/customers/1/notes', { note: '' })
  await helen.post('/customers/1/next-step', { ...STEP, 'shown-nextStep': 'Another step' })
  await helen.post('/customers/1/restore')
  await noah.post('/customers/15/notes', { note: 'Not my customer' })
  await noah.post(`/customers/1/notes/${await newestNote(demo)}/delete`)
  await helen.post('/customers/1/notes/999999/delete')
  await noah.post('/customers/1/assign', { salesperson: '2', version: await versionOf(demo) })
  assert.deepEqual(await changesIn(demo), [])
})

async function start(t: Parameters<typeof startDemo>[0]) {
  const demo = await startDemo(t)
  const helen = demo.visitor()
  await helen.logInWell(5)
  await demo.parts.database
    .insertInto('customer_notes')
    .values({ customer_id: 1, user_id: 5, text: 'An older note', written_at: '2026-01-01T00:00:00.000Z' })
    .execute()
  return { demo, helen, program: await signedIn(demo, 5) }
}

/** All changes of customers, in an order in which each one has an effect. */
async function changesBy(
  demo: Demo,
  helen: Visitor,
  program: ApiClient,
): Promise<Record<string, () => Promise<unknown>>> {
  const post = (below: string, fields: Record<string, string>) => helen.post(`/customers/1${below}`, fields)
  return {
    add: () => helen.post('/customers', { ...NEW_CUSTOMER, customerSince: '' }),
    edit: async () => post('/edit', { ...(await formTexts(demo)), ...CITY, version: await versionOf(demo) }),
    assign: async () => post('/assign', { salesperson: '2', version: await versionOf(demo) }),
    note: () => post('/notes', { note: 'Confidential note' }),
    'delete the note': async () => post(`/notes/${await newestNote(demo)}/delete`, {}),
    plan: async () => post('/next-step', { ...(await shownStep(demo)), ...STEP }),
    finish: async () => post('/next-step', { ...(await shownStep(demo)), done: '1' }),
    purchase: () => post('/purchases', PURCHASE),
    remove: async () => post('/remove', { version: await versionOf(demo) }),
    restore: () => post('/restore', {}),
    'add over the API': () => program.post('/customers', { ...NEW_CUSTOMER, salesperson: 3 }),
    'assign over the API': () => program.send('PATCH', '/customers/1', { body: { salesperson: 4 } }),
    'change over the API': () => program.send('PATCH', '/customers/1', { body: { phone: '+353 1', ...CITY } }),
    'change nothing over the API': () => program.send('PATCH', '/customers/1', { body: CITY }),
    'remove over the API': () => program.send('DELETE', '/customers/1'),
  }
}

async function newestNote({ parts: { database } }: Demo): Promise<number> {
  const newest = database.selectFrom('customer_notes').select((row) => row.fn.max('id').as('id'))
  return Number((await newest.where('customer_id', '=', 1).executeTakeFirstOrThrow()).id)
}

/** Makes the database refuse all writes to a table. Returns a function that ends this. */
async function breakTable({ parts: { database, config } }: Demo, table: string): Promise<() => Promise<unknown>> {
  const events = table === 'sales_persons' ? 'UPDATE' : 'INSERT'
  const run = (text: string) => sql.raw(text).execute(database)
  if (config.database.kind === 'sqlite') {
    await run(`CREATE TRIGGER broken BEFORE ${events} ON ${table} BEGIN SELECT RAISE(ABORT, 'broken'); END`)
    return () => run('DROP TRIGGER broken')
  }
  await run(`CREATE OR REPLACE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$`)
  await run(`CREATE TRIGGER broken BEFORE ${events} ON ${table} FOR EACH ROW EXECUTE FUNCTION broken()`)
  return () => run(`DROP TRIGGER broken ON ${table}`)
}

async function stateOf(demo: Demo) {
  return { rows: await snapshotOf(demo.parts), entries: (await changesIn(demo)).length }
}

async function changesIn(demo: Demo) {
  const rows = await auditRowsOf(demo)
  return rows.filter(({ event }) => /^(customer|note|next-step|purchase)-/.test(event))
}

async function versionOf(demo: Demo): Promise<string> {
  return String((await firstCustomer(demo)).version)
}

async function formTexts(demo: Demo): Promise<Record<string, string>> {
  const { name, industry, city, country, contact, email, phone, customer_since } = await firstCustomer(demo)
  return { name, industry, city, country, contact, email, phone, customerSince: customer_since }
}

async function shownStep(demo: Demo): Promise<Record<string, string>> {
  const { next_step, next_step_on } = await firstCustomer(demo)
  return { 'shown-nextStep': next_step, 'shown-nextStepOn': next_step_on ?? '' }
}

function firstCustomer({ parts: { database } }: Demo) {
  return database.selectFrom('customers').selectAll().where('id', '=', 1).executeTakeFirstOrThrow()
}
