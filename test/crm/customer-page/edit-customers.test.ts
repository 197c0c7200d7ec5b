import assert from 'node:assert/strict'
import test from 'node:test'
import { removeCustomer } from '../../../src/crm/index.ts'
import { signedIn } from '../../support/api-client.ts'
import { type Demo, startWithNoahAndHelen } from '../../support/demo.ts'
import { editor } from '../../support/editor.ts'
import { fieldsOf, headingOf, noticeOf, snapshotOf, unescapeHtml } from '../../support/pages.ts'
import type { Answer, Visitor } from '../../support/visitor.ts'

const NEW = {
  name: 'Łąka & Söhne <b>',
  industry: 'Textiles',
  city: 'Cork',
  country: 'Ireland',
  contact: 'Nora Byrne',
  email: 'Nora@Brightwater.example',
  phone: '+353 21 555 0100',
}

test('[CUST-1] a salesperson adds a customer to the own portfolio, and a form that is sent twice adds one', async (t) => {
  const { demo, noah } = await startWithNoahAndHelen(t)
  const form = { ...fieldsOf(await noah.get('/customers/new'), '/customers'), ...NEW }
  const page = await noah.follow(await noah.post('/customers', form))
  const second = await noah.post('/customers', form)
  assert.deepEqual([headingOf(page), noticeOf(page)], [escaped(NEW.name), 'The customer is added.'])
  assert.match(noticeOf(await noah.follow(second)), /was sent before/)
  const rows = await demo.parts.database.selectFrom('customers').selectAll().where('id', '>', 252).execute()
  const stored = { ...NEW, email: 'nora@brightwater.example', customer_since: '2026-01-05' }
  assert.deepEqual(
    rows.map((row) => ({ ...row, id: 0, version: 0 })),
    [
      {
        ...stored,
        id: 0,
        version: 0,
        name_folded: 'laka & sohne <b>',
        total_purchase: 0,
        sales_person: 4,
        next_step: '',
        next_step_on: null,
        changed_at: new Date(demo.clock.now()).toISOString(),
        changed_by: 4,
        removed_at: null,
        removed_by: null,
        visitor: '',
      },
    ],
  )
})

test('[CUST-1] a manager adds a customer to a chosen portfolio, and only an active salesperson or manager can be chosen', async (t) => {
  const { noah, helen } = await startWithNoahAndHelen(t)
  const form: Record<string, string> = { ...fieldsOf(await helen.get('/customers/new'), '/customers'), ...NEW }
  assert.equal(form.salesperson, '5')
  for (const salesperson of ['6', '99', 'x', '1.5']) {
    const refused = await helen.post('/customers', { ...form, salesperson })
    assert.deepEqual([refused.status, /id="salesperson-problem">[^<]+</.test(refused.text)], [422, true], salesperson)
    form.once = fieldsOf(refused, '/customers').once ?? ''
  }
  const { location = '' } = await helen.post('/customers', { ...form, salesperson: '4' })
  assert.equal((await noah.get(location)).status, 200)
  assert.equal((await noah.post('/customers', { ...NEW, salesperson: '1' })).status, 422)
})

test('[CUST-1] a refused form keeps what was typed, names each wrong field, and changes nothing', async (t) => {
  const { demo, noah } = await startWithNoahAndHelen(t)
  const before = await snapshotOf(demo.parts)
  const adding = fieldsOf(await noah.get('/customers/new'), '/customers')
  const editing = fieldsOf(await noah.get('/customers/1/edit'), '/customers/1/edit')
  const wrong: [field: string, value: string, problem: string][] = [
    ['name', '', 'Must not be empty.'],
    ['name', ' \u200b ', 'Must not contain control characters or broken characters.'],
    ['name', 'x\u0000y', 'Must not contain control characters or broken characters.'],
    ['name', 'n'.repeat(121), 'At most 120 characters.'],
    ['name', '語'.repeat(500), 'At most 120 characters.'],
    ['city', '\u202eabc', 'Must not contain control characters or broken characters.'],
    ['email', 'nobody', 'Must be an e-mail address.'],
    ['email', `${'a'.repeat(250)}@b.example`, 'At most 254 characters.'],
    ['customerSince', '2026-02-30', 'Must be a day that exists, such as 2026-01-31.'],
    ['phone', '', 'Must not be empty.'],
  ]
  const forms: [path: string, form: Record<string, string>][] = [
    ['/customers', { ...adding, ...NEW }],
    ['/customers/1/edit', { ...editing, city: 'Nantes' }],
  ]
  for (const [path, form] of forms)
    for (const [field, value, problem] of wrong) {
      const answer = await noah.post(path, { ...form, [field]: value })
      assert.equal(answer.status, 422, `${path} ${field}`)
      assert.equal(unescapeHtml(new RegExp(`id="${field}-problem">([^<]*)<`).exec(answer.text)?.[1] ?? ''), problem)
      const kept = fieldsOf(answer, path)
      assert.deepEqual([kept.city, kept.version], [field === 'city' ? value.trim() : form.city, form.version])
      assert.equal(kept[field], value.trim(), field)
    }
  for (const body of [[['name', 'a'] as [string, string], ['name', 'b'] as [string, string]], { version: 'x' }, {}])
    assert.equal((await noah.post('/customers/1/edit', body)).status, 422)
  assert.equal(await snapshotOf(demo.parts), before)
})

test('[CUST-2] of two users who edit a customer at once, the second sees both values of each field and chooses', async (t) => {
  const { noah, helen } = await startWithNoahAndHelen(t)
  const [hers, his] = [await openForm(helen), await openForm(noah)]
  await helen.post('/customers/1/edit', {
    ...hers,
    contact: 'Helen’s <i>choice</i>',
    city: 'Porto',
    customerSince: '2022-02-01',
  })
  const conflict = await noah.post('/customers/1/edit', { ...his, contact: 'Noah’s choice', phone: '+351 1' })
  assert.deepEqual([conflict.status, headingOf(conflict)], [409, 'Two changes at once'])
  assert.match(conflict.text, /Helen Okafor changed this customer while you were editing it/)
  const before = choicesIn(conflict)
  assert.deepEqual(before, {
    contact: ['Noah’s choice', 'Helen’s <i>choice</i>'],
    city: [his.city, 'Porto', 'Porto'],
    phone: ['+351 1', his.phone, '+351 1'],
    customerSince: [his.customerSince, '2022-02-01', '2022-02-01'],
  })
  const shown = [...conflict.text.matchAll(/<span>(.*?): <bdi class="choice-value">(.*?)<\/bdi>/g)]
  assert.deepEqual(
    shown.map(([, label, value]) => `${label}: ${unescapeHtml(value ?? '')}`),
    [
      ['Before: Rennes', 'Stored now: Porto'],
      ['Yours: Noah’s choice', 'Stored now: Helen’s <i>choice</i>'],
      ['Yours: +351 1', `Stored now: ${his.phone}`],
      ['Before: 15 Jan 2023', 'Stored now: 1 Feb 2022'],
    ].flat(),
  )
  assert.equal((await openForm(noah)).contact, 'Helen’s <i>choice</i>', 'nothing is overwritten')

  const fields = fieldsOf(conflict, '/customers/1/edit')
  assert.equal((await noah.post('/customers/1/edit', fields)).status, 422, 'a choice is missing')
  const again = await noah.post('/customers/1/edit', { ...fields, contact: 'Noah’s choice', again: '1' })
  assert.deepEqual([again.status, fieldsOf(again, '/customers/1/edit').phone], [200, '+351 1'])
  const saved = await noah.follow(await noah.post('/customers/1/edit', { ...fields, contact: 'Noah’s choice' }))
  assert.equal(noticeOf(saved), 'Your choices are saved.')
  assert.match(saved.text, /Last change<\/dt><dd>[^<]*by Noah Lindgren/)
  const { contact, city, phone, email } = await openForm(helen)
  assert.deepEqual([contact, city, phone, email], ['Noah’s choice', 'Porto', '+351 1', his.email])
})

test('[CUST-2] a third user’s change while the second one chooses is shown as well', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  const [hers, his] = [await openForm(helen), await openForm(noah)]
  await helen.post('/customers/1/edit', { ...hers, contact: 'Two' })
  const fields = fieldsOf(await noah.post('/customers/1/edit', { ...his, contact: 'One' }), '/customers/1/edit')
  const client = await signedIn(demo, 5)
  await client.send('PATCH', '/customers/1', { body: { contact: 'Three' } })
  const conflict = await noah.post('/customers/1/edit', { ...fields, contact: 'One' })
  assert.deepEqual(choicesIn(conflict), { contact: ['One', 'Three'] })
})

test('[CUST-2] equal changes, and a purchase, a note or an assignment meanwhile, are no conflict, and nothing is lost', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  const forms = [await openForm(noah), await openForm(noah)]
  const purchase = { description: 'Probe', amount: '10', day: '2026-01-02' }
  assert.equal((await helen.post('/customers/1/purchases', purchase)).status, 303)
  assert.equal((await helen.post('/customers/1/notes', { note: 'Called' })).status, 303)
  for (const form of forms) {
    const saved = await noah.follow(await noah.post('/customers/1/edit', { ...form, city: 'Faro' }))
    assert.equal(noticeOf(saved), 'Your changes are saved.')
  }
  const row = demo.parts.database.selectFrom('customers').selectAll().where('id', '=', 1)
  assert.equal((await row.executeTakeFirstOrThrow()).city, 'Faro')
  await helen.post('/customers/1/assign', {
    ...fieldsOf(await helen.get('/customers/1'), '/customers/1/assign'),
    salesperson: '1',
  })
  const form = await openForm(helen)
  await helen.post('/customers/1/edit', { ...form, city: 'Braga' })
  const { city, sales_person, total_purchase } = await row.executeTakeFirstOrThrow()
  assert.deepEqual([city, sales_person], ['Braga', 1])
  const sum = demo.parts.database.selectFrom('purchases').where('customer_id', '=', 1)
  const { total } = await sum.select((rows) => rows.fn.sum<number>('amount').as('total')).executeTakeFirstOrThrow()
  assert.equal(total_purchase, Number(total))
})

test('[CUST-2] of twenty concurrent forms for different fields, each change is stored or its user is asked', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  const names = ['contact', 'city', 'country', 'industry', 'phone'] as const
  const form = await openForm(noah)
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const name = names[index % names.length] ?? 'city'
      const value = `${name} ${index}`
      const answer = await (index % 2 ? noah : helen).copy().post('/customers/1/edit', { ...form, [name]: value })
      return { name, value, status: answer.status }
    }),
  )
  const stored = await demo.parts.database
    .selectFrom('customers')
    .selectAll()
    .where('id', '=', 1)
    .executeTakeFirstOrThrow()
  const saved = answers.filter(({ status }) => status === 303)
  assert.ok(answers.every(({ status }) => status === 303 || status === 409))
  assert.equal(saved.length, 1, 'every later form saw a change of another field')
  for (const { name, value } of saved) assert.equal(stored[name], value)
})

test('[CUST-3] an undo brings a removed customer back with purchases, notes and approvals', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  await noah.post('/customers/1/notes', { note: 'Prefers calls' })
  await addApproval(demo, 1, 12)
  const before = await contentOf(demo)
  const opened = await noah.get('/customers/1?list=country%3DFrance')
  const removed = await noah.post('/customers/1/remove?list=sort%3Dtotal', fieldsOf(opened, '/customers/1/remove'))
  assert.equal(removed.location, '/customers?sort=total#removals')
  const list = await noah.follow(removed)
  assert.match(list.text, /is removed\. You can undo this until 09:10 UTC\./)
  assert.equal((await noah.get('/customers/1')).status, 404)
  assert.equal((await helen.get('/customers/1')).status, 404)
  assert.equal((await noah.get('/operations/1')).status, 404)
  assert.doesNotMatch((await noah.get('/customers.csv')).text, /"1",/)
  assert.doesNotMatch(
    (await helen.get('/customers')).text,
    /\/restore/,
    'only the user who removed it is offered the undo',
  )

  demo.clock.advance({ minutes: 9 })
  for (let clicks = 1; clicks <= 2; clicks += 1) {
    const undone = await undo(noah, list)
    assert.equal(undone.location, '/customers?sort=total')
    assert.match(noticeOf(await noah.follow(undone)), /The customer is back/)
  }
  assert.deepEqual(await contentOf(demo), before)
  assert.doesNotMatch((await noah.get('/customers')).text, /is removed/)
})

test('[CUST-3] each of several removals can be undone, also the first one', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  for (const id of [1, 2, 10, 11, 12]) {
    await removeCustomer(demo.parts.database, editor(5, { seesAll: true }), id, demo.clock.now())
    demo.clock.advance({ seconds: 1 })
  }
  const list = await helen.get('/customers')
  assert.equal(list.text.match(/action="\/customers\/\d+\/restore"/g)?.length, 5)
  assert.match(list.text, /<summary class="more-summary">2 earlier removals<\/summary>/)
  assert.equal((await helen.post('/customers/1/restore', fieldsOf(list, '/customers/1/restore'))).status, 303)
  assert.match((await helen.get('/customers')).text, /1 earlier removal</)
  await removeCustomer(demo.parts.database, editor(4, { seesAll: true }), 20, demo.clock.now())
  assert.doesNotMatch((await noah.get('/customers')).text, /\/restore/, 'a former manager cannot undo it')
})

test('[CUST-3] a removal cannot be undone after ten minutes, by another salesperson, or if an approval is pending', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const remove = async (visitor: Visitor) =>
    visitor.post('/customers/1/remove', fieldsOf(await visitor.get('/customers/1'), '/customers/1/remove'))
  await addApproval(demo, 1, 5, 'asked')
  const pending = await remove(noah)
  assert.deepEqual([pending.status, wrongOf(pending)], [409, wrongOf(pending)])
  assert.match(wrongOf(pending), /An approval for this customer is pending/)
  await demo.parts.database.updateTable('operations').set({ state: 'refused' }).execute()

  const opened = fieldsOf(await noah.get('/customers/1'), '/customers/1/remove')
  await helen.post('/customers/1/purchases', { description: 'Probe', amount: '10', day: '2026-01-02' })
  const outdated = await noah.post('/customers/1/remove', opened)
  assert.match(wrongOf(outdated), /was changed after you opened the page/)
  assert.match(outdated.text, / autofocus class="notice wrong" id="wrong"/, 'the keyboard begins at the message')
  assert.equal((await remove(noah)).status, 303)
  const foreign = await ada.post('/customers/1/restore')
  assert.deepEqual([foreign.status, /There is nothing to undo/.test(foreign.text)], [404, true])
  demo.clock.advance({ minutes: 10 })
  assert.equal((await noah.post('/customers/1/restore')).status, 404)
  assert.doesNotMatch((await noah.get('/customers')).text, /is removed/)
})

test('[CUST-10] the error page of a foreign or removed customer leads back to the list with its filter', async (t) => {
  const { noah } = await startWithNoahAndHelen(t)
  for (const path of ['/customers/100', '/customers/999', '/customers/x', '/customers/100/edit']) {
    const answer = await noah.get(`${path}?list=sort%3Dtotal`)
    assert.match(answer.text, /<a class="button" href="\/customers\?sort=total">Go to the customers<\/a>/, path)
  }
  for (const action of ['edit', 'remove', 'notes', 'next-step', 'purchases'])
    assert.match((await noah.post(`/customers/100/${action}`)).text, /Go to the customers/, action)
  assert.match((await noah.get('/operations/999')).text, /href="\/customers">Go to the customers/)
})

async function openForm(visitor: Visitor) {
  return fieldsOf(await visitor.get('/customers/1/edit'), '/customers/1/edit')
}

/** The values of each field in a conflict: the user's own, the stored one, and the chosen one, if one is. */
function choicesIn({ text }: Answer): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const [input, name = '', value = ''] of text.matchAll(
    /<input type="radio" name="(\w+)" value="([^"]*)"[^>]*>/g,
  )) {
    const [mine, ...others] = found[name] ?? []
    const values = mine === undefined ? [unescapeHtml(value)] : [mine, unescapeHtml(value), ...others]
    found[name] = / checked/.test(input) ? [...values, unescapeHtml(value)] : values
  }
  return found
}

async function addApproval(
  { parts: { database } }: Demo,
  customer: number,
  percent: number,
  state: 'approved' | 'asked' = 'approved',
) {
  const { id } = await database
    .insertInto('operations')
    .values({
      key: crypto.randomUUID(),
      customer_id: customer,
      user_id: 4,
      session_id: '',
      percent,
      reason: '',
      scenario: 'state',
      state,
      asked_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2090-01-01T00:00:00.000Z',
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

/** The tables without the versions. */
async function contentOf({ parts }: Demo): Promise<unknown> {
  return JSON.parse(await snapshotOf(parts), (name, value) => (/version/.test(name) ? undefined : value))
}

function undo(visitor: Visitor, list: Answer): Promise<Answer> {
  const action = /action="([^"]*\/restore[^"]*)"/.exec(list.text)?.[1] ?? assert.fail('no undo is offered')
  return visitor.post(unescapeHtml(action))
}

function wrongOf({ text }: Answer): string {
  return /id="wrong" role="alert">([^<]*)</.exec(text)?.[1] ?? ''
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
