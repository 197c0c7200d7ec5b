import assert from 'node:assert/strict'
import test from 'node:test'
import { findPeople } from '../../src/admin/find-people.ts'
import { startDemo } from '../support/demo.ts'
import type { Scope } from '../support/process.ts'

test('users are found by a part of their name, regardless of case and accents', async (t) => {
  const { find } = await startStaff(t, ['Zoë Ångström', 'ÉMILE Żak', 'Emile Zola'])
  assert.deepEqual(await find('zoë'), ['Zoë Ångström'])
  assert.deepEqual(await find('ÅNGSTRÖM'), ['Zoë Ångström'])
  assert.deepEqual(await find('angstrom'), ['Zoë Ångström'])
  assert.deepEqual(await find('émile'), ['ÉMILE Żak', 'Emile Zola'])
  assert.deepEqual(await find('  emile   ŻAK '), ['ÉMILE Żak'])
  for (const text of ['', ' ', '%', '_', '\\']) assert.deepEqual(await find(text), [], text)
})

test('a full name finds every user with that name, and a userId or an e-mail address finds one user', async (t) => {
  const { find } = await startStaff(t, ['Ann Lee', 'Joann Lee', 'Ann Lees'])
  assert.deepEqual(await find('ann lee'), ['Ann Lee'])
  assert.deepEqual(await find('ann lees'), ['Ann Lees'])
  assert.deepEqual(await find('501'), ['Joann Lee'])
  assert.deepEqual(await find('P502@example.com'), ['Ann Lees'])
})

test('a search says so when it finds more users than it shows', async (t) => {
  const { database } = await startStaff(t, ['Same Name', 'Same Name', 'Same Name'])
  const { people, more } = await findPeople(database, 'same', 2)
  assert.deepEqual([people.length, more], [2, true])
  assert.equal((await findPeople(database, 'same', 3)).more, false)
})

async function startStaff(scope: Scope, names: readonly string[]) {
  const { database } = (await startDemo(scope)).parts
  for (const [index, name] of names.entries()) {
    const [firstname = '', lastname = ''] = name.split(' ')
    const user_id = 500 + index
    const email = `p${user_id}@example.com`
    const person = { user_id, firstname, lastname, email, password: '', role: 'salesperson' as const, active: 1 }
    await database.insertInto('sales_persons').values(person).execute()
  }
  return {
    database,
    find: async (text: string) => (await findPeople(database, text)).people.map(({ userName }) => userName),
  }
}
