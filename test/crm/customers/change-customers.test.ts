import assert from 'node:assert/strict'
import test from 'node:test'
import { changeCustomer, createCustomer, customerChanges, newCustomer } from '../../../src/crm/index.ts'
import { NEW_CUSTOMER } from '../../support/api-client.ts'
import { startDemo } from '../../support/demo.ts'
import { editor } from '../../support/editor.ts'

const NOAH = editor(4)

test('the stored search form of a name has no accents or capitals, and is cut to the length of its column', async (t) => {
  const { parts, clock } = await startDemo(t)
  const wanted = newCustomer.parse({ ...NEW_CUSTOMER, name: '  Große Öfen  ' })
  const made = await createCustomer(parts.database, NOAH, wanted, clock.now())
  assert.equal(made.is === 'created' && made.customer.name, 'Große Öfen')
  assert.equal(made.is === 'created' && made.customer.name_folded, 'grosse ofen')
  const changes = customerChanges.parse({ name: 'ß'.repeat(120) })
  const changed = await changeCustomer(parts.database, NOAH, 1, changes, clock.now())
  assert.equal(changed.is === 'changed' && changed.customer.name_folded.length, 120)
})

test('a change does not affect other fields, increments the version, and names the user who made it', async (t) => {
  const { parts, clock } = await startDemo(t)
  const before = await changeCustomer(parts.database, NOAH, 1, { city: 'Lyon' }, clock.now())
  const after = await changeCustomer(parts.database, NOAH, 1, { phone: '1' }, clock.now())
  assert.ok(before.is === 'changed' && after.is === 'changed')
  assert.deepEqual(after.customer, { ...before.customer, phone: '1', version: before.customer.version + 1 })
  assert.deepEqual([after.customer.changed_by, after.customer.changer_lastname], [4, 'Lindgren'])
  assert.deepEqual(await changeCustomer(parts.database, NOAH, 1, { city: 'X' }, clock.now(), []), { is: 'outdated' })
})
