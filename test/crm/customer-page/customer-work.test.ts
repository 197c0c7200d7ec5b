import assert from 'node:assert/strict'
import test from 'node:test'
import { LONGEST_NOTE } from '../../../src/crm/customer-page/work-forms.ts'
import { createCustomer, newCustomer } from '../../../src/crm/index.ts'
import { NEW_CUSTOMER } from '../../support/api-client.ts'
import { auditOf } from '../../support/audit.ts'
import { type Demo, startWithNoahAndHelen } from '../../support/demo.ts'
import { editor } from '../../support/editor.ts'
import { fieldsOf, namesOf, noticeOf, snapshotOf, unescapeHtml } from '../../support/pages.ts'
import type { Answer, Visitor } from '../../support/visitor.ts'

const PURCHASE = { description: 'Flow meter', amount: '1000', day: '2026-01-02' }

test('[CUST-4] notes keep their lines, name their author, and appear newest first, and a form that is sent twice adds one', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  const form = fieldsOf(await noah.get('/customers/1'), '/customers/1/notes')
  const note = '<b>First</b> line\r\n\r\n  second: ‮ ضد ‮'
  const saved = await noah.follow(await noah.post('/customers/1/notes', { ...form, note }))
  assert.equal(noticeOf(saved), 'The note is added.')
  assert.match(noticeOf(await noah.follow(await noah.post('/customers/1/notes', { ...form, note }))), /sent before/)
  await helen.post('/customers/1/notes', { note: 'Second' })
  const { text } = await noah.get('/customers/1')
  assert.deepEqual(
    [...text.matchAll(/<p class="note-text" dir="auto">([^<]*)<\/p><p class="hint">([^,]*),/g)].map(
      ([, note = '', by]) => [unescapeHtml(note), by],
    ),
    [
      ['Second', 'Helen Okafor'],
      [note.replaceAll('\r\n', '\n'), 'Noah Lindgren'],
    ],
  )
  const before = await snapshotOf(demo.parts)
  for (const wrong of ['', ' \u00ad ', 'x'.repeat(2001), 'a\u0007b']) {
    const refused = await noah.post('/customers/1/notes', { ...form, note: wrong })
    assert.deepEqual([refused.status, /id="note-problem">[^<]+</.test(refused.text)], [422, true])
    assert.equal(fieldsOf(refused, '/customers/1/notes').note, wrong.trim())
  }
  assert.equal(await snapshotOf(demo.parts), before)
})

test('[CUST-4] the longest note fits into the form in any script, also after a login in between', async (t) => {
  const { noah } = await startWithNoahAndHelen(t)
  const note = '語'.repeat(LONGEST_NOTE)
  assert.equal((await noah.post('/customers/1/notes', { note })).status, 303)
  await noah.logOut()
  const ended = await noah.post('/customers/1/notes', { note })
  const { unsentForm = '' } = fieldsOf(ended, '/4DACTION/authenticate')
  const page = await noah.follow(await noah.logIn(4, 'crm-demo', { unsentForm }))
  assert.equal(fieldsOf(page, '/customers/1/notes').note, note)
})

test('[CUST-12] a user deletes an own note, a manager deletes every note, and a second click changes nothing more', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  const write = async (visitor: Visitor, note: string) => {
    await visitor.post('/customers/1/notes', { note })
    const newest = demo.parts.database.selectFrom('customer_notes').select((row) => row.fn.max('id').as('id'))
    return `/customers/1/notes/${(await newest.executeTakeFirstOrThrow()).id}/delete`
  }
  const [his, hers, older] = [await write(noah, 'His'), await write(helen, 'Hers'), await write(noah, 'Older')]
  const page = await noah.get('/customers/1?list=sort%3Dtotal')
  assert.deepEqual(
    [his, hers].map((path) => page.text.includes(`action="${path}?list=sort%3Dtotal"`)),
    [true, false],
    'the page offers what is allowed',
  )
  const before = await snapshotOf(demo.parts)
  const refused = await noah.post(hers)
  assert.deepEqual([refused.status, /only that user or a manager can delete it/.test(refused.text)], [403, true])
  const elsewhere = await noah.post(his.replace('/customers/1/', '/customers/2/'))
  assert.ok([303, 404].includes(elsewhere.status), 'a note of another customer stays')
  for (const wrong of ['0', '01', 'x', '9999999999'])
    assert.equal((await noah.post(`/customers/1/notes/${wrong}/delete`)).status, 404, wrong)
  assert.equal(await snapshotOf(demo.parts), before)

  for (let clicks = 1; clicks <= 2; clicks += 1) {
    const done = await noah.follow(await noah.post(his))
    assert.equal(noticeOf(done), 'The note is deleted.')
    assert.deepEqual(
      [...done.text.matchAll(/note-text" dir="auto">([^<]*)</g)].map(([, note]) => note),
      ['Older', 'Hers'],
    )
  }
  for (const path of [hers, older]) assert.equal((await helen.post(path)).status, 303)
  assert.doesNotMatch((await noah.get('/customers/1')).text, /note-text/)
})

test('[CUST-12] a page that shows a deleted note does not delete a newer note, even if the database reuses the number', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  await noah.post('/customers/1/notes', { note: 'First' })
  const page = await helen.get('/customers/1')
  const path = /action="(\/customers\/1\/notes\/\d+\/delete)"/.exec(page.text)?.[1] ?? assert.fail()
  const form = fieldsOf(page, path)
  for (const note of ['Second', 'Third']) {
    assert.equal((await helen.post(path, form)).status, 303)
    demo.clock.advance({ milliseconds: 1 })
    await noah.post('/customers/1/notes', { note })
  }
  const { text } = await noah.get('/customers/1')
  assert.deepEqual([/>Third</.test(text), />Second</.test(text), />First</.test(text)], [true, true, false])
})

test('[CUST-21] of 45 notes, a page shows the newest 20, and leads to all older ones', async (t) => {
  const { demo, noah } = await startWithNoahAndHelen(t)
  const note = { customer_id: 1, user_id: 5, written_at: '2026-01-01T00:00:00.000Z' }
  const rows = Array.from({ length: 45 }, (_, index) => ({ ...note, text: `${index + 1}` }))
  await demo.parts.database.insertInto('customer_notes').values(rows).execute()
  const linkOf = ({ text }: Answer, label: string) =>
    unescapeHtml(new RegExp(`href="([^"]*)#notes">${label}<`).exec(text)?.[1] ?? '')
  const textsOf = ({ text }: Answer) =>
    [...text.matchAll(/note-text" dir="auto">(\d+)</g)].map(([, note]) => Number(note))
  const down = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, index) => from - index)
  const newest = await noah.get('/customers/1?list=sort%3Dtotal')
  assert.deepEqual([textsOf(newest), linkOf(newest, 'Newest notes')], [down(45, 26), ''])
  const older = await noah.get(linkOf(newest, 'Older notes'))
  assert.deepEqual(textsOf(older), down(25, 6))
  assert.match(older.text, /class="back"><a href="\/customers\?sort=total"/)
  const oldest = await noah.get(linkOf(older, 'Older notes'))
  assert.deepEqual([textsOf(oldest), linkOf(oldest, 'Older notes')], [down(5, 1), ''])
  assert.deepEqual(textsOf(await noah.get(linkOf(oldest, 'Newest notes'))), down(45, 26))
  for (const wrong of ['x', '0', '-1', '9999999999'])
    assert.equal((await noah.get(`/customers/1?notes=${wrong}`)).status, 200)
})

test('[CUST-4] a next step is saved, shown as due, done with a note, and never overwrites that of another user', async (t) => {
  const { noah, helen } = await startWithNoahAndHelen(t)
  const path = '/customers/1/next-step'
  const open = async (visitor: Visitor) => fieldsOf(await visitor.get('/customers/1'), path)
  const [first, hers] = [await open(noah), await open(helen)]
  const step = { nextStep: 'Call back <soon>', nextStepOn: '2026-01-06' }
  const saved = await noah.follow(await noah.post(path, { ...first, ...step }))
  assert.match(saved.text, /Call back &lt;soon&gt;<\/bdi> <span class="badge">6 Jan 2026/)
  assert.equal((await noah.post(path, { ...first, ...step })).status, 303, 'a second click')

  const conflict = await helen.post(path, { ...hers, nextStep: 'Send the offer', nextStepOn: '2026-01-07' })
  assert.deepEqual(
    [conflict.status, /It is now: “Call back &lt;soon&gt;”, due 6 Jan 2026\./.test(conflict.text)],
    [409, true],
  )
  const again = fieldsOf(conflict, path)
  assert.deepEqual([again.nextStep, again['shown-nextStep']], ['Send the offer', step.nextStep])
  assert.equal((await helen.post(path, again)).status, 303)

  const [form, older] = [await open(noah), await open(helen)]
  const sameDay = { nextStep: 'Send it by mail', nextStepOn: '2026-01-07' }
  assert.equal((await noah.post(path, { ...form, ...sameDay })).status, 303)
  assert.equal((await helen.post(path, { ...older, nextStep: 'Send it by post' })).status, 409)
  assert.equal(
    (
      await noah.post(path, {
        ...(await open(noah)),
        ...again,
        actingUser: '4',
        'shown-nextStep': sameDay.nextStep,
        'shown-nextStepOn': sameDay.nextStepOn,
      })
    ).status,
    303,
  )
  for (const [typed, problem] of [
    [{ nextStep: '', nextStepOn: '2026-01-07' }, 'nextStep'],
    [{ nextStep: 'Call', nextStepOn: '' }, 'nextStepOn'],
    [{ nextStep: 'Call', nextStepOn: '2026-02-31' }, 'nextStepOn'],
    [{ nextStep: 'x'.repeat(201), nextStepOn: '2026-01-07' }, 'nextStep'],
  ] as const) {
    const refused = await noah.post(path, { ...form, ...typed })
    assert.deepEqual([refused.status, refused.text.includes(`id="${problem}-problem"`)], [422, true], problem)
    assert.equal(fieldsOf(refused, path).nextStepOn, typed.nextStepOn)
  }
  const done = await noah.follow(await noah.post(path, { ...form, done: '1' }))
  assert.match(done.text, /Nothing is planned\.[\s\S]*note-text" dir="auto">Done: Send the offer</)
})

test('[CUST-5] a purchase is stored in cents and increases the total, and its form says for each field what is wrong', async (t) => {
  const { demo, noah } = await startWithNoahAndHelen(t)
  const since = await demo.parts.database
    .selectFrom('customers')
    .selectAll()
    .where('id', '=', 1)
    .executeTakeFirstOrThrow()
  const path = '/customers/1/purchases'
  let total = since.total_purchase
  for (const [amount, cents] of [
    ['0.01', 1],
    ['19.9', 1990],
    ['1,234.50', 123_450],
    ['€1,234,567.89', 123_456_789],
    ['12,34', 1234],
    ['10000000', 1_000_000_000],
  ] as const) {
    const form = fieldsOf(await noah.get('/customers/1'), path)
    const saved = await noah.follow(await noah.post(path, { ...form, ...PURCHASE, amount }))
    assert.equal(noticeOf(saved), 'The purchase is recorded.', amount)
    total += cents
  }
  const row = () =>
    demo.parts.database.selectFrom('customers').select('total_purchase').where('id', '=', 1).executeTakeFirstOrThrow()
  assert.equal((await row()).total_purchase, total)
  const form = fieldsOf(await noah.get('/customers/1'), path)
  assert.equal(form.day, '2026-01-05')
  for (const [field, value] of [
    ['amount', ''],
    ['amount', '0'],
    ['amount', '-5'],
    ['amount', '1.234'],
    ['amount', '1e3'],
    ['amount', '10000000.01'],
    ['amount', '１２'],
    ['day', '2026-01-06'],
    ['day', '2026-13-01'],
    ['day', new Date(Date.parse(since.customer_since) - 86_400_000).toISOString().slice(0, 10)],
    ['description', ''],
    ['description', 'x'.repeat(201)],
  ] as const) {
    const refused = await noah.post(path, { ...form, ...PURCHASE, [field]: value })
    assert.deepEqual([refused.status, refused.text.includes(`id="${field}-problem"`)], [422, true], `${field} ${value}`)
    assert.equal(fieldsOf(refused, path)[field], value)
  }
  assert.equal((await row()).total_purchase, total)
  assert.equal((await noah.post(path, { ...form, ...PURCHASE })).status, 303)
  assert.match(noticeOf(await noah.follow(await noah.post(path, { ...form, ...PURCHASE }))), /sent before|recorded/)
  assert.equal((await row()).total_purchase, total + 100_000)
})

test('[CUST-6] an approved discount appears on the customer, and one of twenty concurrent purchases takes it off', async (t) => {
  const { demo, noah } = await startWithNoahAndHelen(t)
  const path = '/customers/1/purchases'
  await addApproval(demo, 'refused', 50)
  assert.doesNotMatch((await noah.get('/customers/1')).text, /is approved for the next purchase/)
  await addApproval(demo, 'approved', 5)
  await addApproval(demo, 'approved', 12)
  const page = await noah.get('/customers/1')
  assert.match(page.text, /<strong>12% discount<\/strong> is approved for the next purchase/)
  const { once: _, ...form } = fieldsOf(page, path)
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => noah.copy().post(path, { ...form, ...PURCHASE, amount: '0.99' })),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, ...Array(19).fill(409)])
  const refused = answers.find(({ status }) => status === 409) ?? assert.fail()
  assert.match(refused.text, /Another purchase has used the discount/)
  const next = fieldsOf(refused, path)
  assert.deepEqual([next.amount, next.discount], ['0.99', undefined], 'the next discount is offered, but not chosen')
  const used = await noah.get('/customers/1')
  assert.match(used.text, /<span class="second">12% off €0\.99<\/span>/)
  assert.match(used.text, /approved and used/)
  assert.match(used.text, /<strong>5% discount<\/strong> is approved for the next purchase/)
  const bought = await demo.parts.database
    .selectFrom('purchases')
    .selectAll()
    .orderBy('id', 'desc')
    .executeTakeFirstOrThrow()
  assert.deepEqual([bought.amount, bought.discount, bought.discount_percent], [87, 12, 12])
  for (const foreign of ['999', '1', 'x'])
    assert.notEqual((await noah.post(path, { ...PURCHASE, discount: foreign })).status, 500)
})

test('[CUST-7] a manager assigns a customer, and the salesperson who had it no longer sees it', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  const path = '/customers/1/assign'
  const page = await helen.get('/customers/1')
  const form = fieldsOf(page, path)
  assert.equal(form.salesperson, '4')
  assert.doesNotMatch((await noah.get('/customers/1')).text, /\/assign/)
  assert.equal((await noah.post(path, { salesperson: '1', version: String(form.version) })).status, 403)
  for (const salesperson of ['6', '99', '', 'x'])
    assert.equal((await helen.post(path, { ...form, salesperson })).status, 422, salesperson)
  const given = await helen.follow(await helen.post(path, { ...form, salesperson: '1' }))
  assert.equal(noticeOf(given), 'The customer is assigned.')
  assert.equal((await noah.get('/customers/1')).status, 404)
  assert.equal((await helen.post(path, { ...form, salesperson: '2' })).status, 409, 'another manager was faster')
  const ada = demo.visitor()
  await ada.logInWell(1)
  assert.equal((await ada.get('/customers/1')).status, 200)
})

test('[CRM-9] [CUST-7] a salesperson no longer sees the requests for a customer who was assigned to another one', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  await addApproval(demo, 'asked', 9)
  const pages = ['/operations', '/authenticationOK.shtml']
  const listed = () => Promise.all(pages.map(async (path) => /9% discount/.test((await noah.get(path)).text)))
  assert.deepEqual(await listed(), [true, true])
  const form = fieldsOf(await helen.get('/customers/1'), '/customers/1/assign')
  assert.equal((await helen.post('/customers/1/assign', { ...form, salesperson: '1' })).status, 303)
  assert.deepEqual(await listed(), [false, false])
})

test('[CUST-8] the list can be filtered by the next step, and by a manager also by the salesperson', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  const plan = (id: number, day: string) =>
    demo.parts.database
      .updateTable('customers')
      .set({ next_step: 'Call', next_step_on: day })
      .where('id', '=', id)
      .execute()
  await plan(1, '2026-01-05')
  await plan(2, '2026-01-06')
  const [one = '', two = ''] = await Promise.all(
    [1, 2].map(async (id) => /<h1>(.*)<\/h1>/.exec((await noah.get(`/customers/${id}`)).text)?.[1]),
  )
  assert.deepEqual(namesOf(await noah.get('/customers?step=due')), [one])
  assert.deepEqual(namesOf(await noah.get('/customers?step=planned')).sort(), [one, two].sort())
  assert.deepEqual(namesOf(await noah.get('/customers?step=none')), [])
  assert.deepEqual(namesOf(await helen.get('/customers?step=planned&salesperson=4')).sort(), [one, two].sort())
  assert.deepEqual(namesOf(await helen.get('/customers?step=none&salesperson=4')), [])
  assert.deepEqual(namesOf(await noah.get('/customers?salesperson=1')), [], 'a filter never shows foreign customers')
  assert.equal(namesOf(await noah.get('/customers?step=other&salesperson=x')).length, 2)
  demo.clock.advance({ hours: 24 })
  await noah.logInWell(4)
  assert.equal(namesOf(await noah.get('/customers?step=due')).length, 2)
})

test('[CUST-7] [CUST-8] a manager finds and assigns the customers of a salesperson whose account is disabled', async (t) => {
  const { demo, helen } = await startWithNoahAndHelen(t)
  await demo.parts.database.updateTable('sales_persons').set({ active: 0 }).where('user_id', '=', 4).execute()
  const list = await helen.get('/customers?salesperson=4')
  assert.match(list.text, /<option value="4" selected>Noah Lindgren<\/option>/)
  assert.equal(namesOf(list).length, 2)
  const path = '/customers/1/assign'
  const page = await helen.get('/customers/1')
  assert.match(page.text, /<option value="" selected>Choose a salesperson<\/option>/)
  const refused = await helen.post(path, fieldsOf(page, path))
  assert.deepEqual([refused.status, /Nothing was assigned/.test(refused.text)], [422, true])
  for (const id of [1, 2]) {
    const own = `/customers/${id}/assign`
    const form = fieldsOf(await helen.get(`/customers/${id}`), own)
    assert.equal((await helen.post(own, { ...form, salesperson: '1' })).status, 303)
  }
  assert.doesNotMatch((await helen.get('/customers')).text, /<option value="4"/)
})

test('[CUST-9] the CSV file has the filtered customers of all pages in the order of the list, and no cell is a formula', async (t) => {
  const { demo, noah, helen } = await startWithNoahAndHelen(t)
  const formulas = ['=1+1', '+1', '-1', '@a', '＝x', '"q", x', '语"=']
  for (const name of formulas)
    await createCustomer(demo.parts.database, editor(4), newCustomer.parse({ ...NEW_CUSTOMER, name }), demo.clock.now())
  const answer = await noah.get('/customers.csv?country=Ireland&sort=name-desc')
  assert.match(String(answer.headers['content-disposition']), /attachment; filename="customers-2026-01-05\.csv"/)
  const [heads = '', ...rows] = answer.text.trimEnd().split('\r\n')
  assert.match(heads, /^\ufeff"Number","Name"/)
  const names = rows.map((row) => /^"\d+","((?:[^"]|"")*)"/.exec(row)?.[1])
  const listed = namesOf(await noah.get('/customers?country=Ireland&sort=name-desc')).map(unescapeHtml)
  assert.deepEqual(
    names,
    listed.map((name) => `${/^[=+\-@＝]/.test(name) ? "'" : ''}${name.replaceAll('"', '""')}`),
  )
  for (const row of rows) assert.match(row, /"'\+353 21 555 0100"/)
  assert.equal((await helen.get('/customers.csv')).text.trim().split('\r\n').length, 1 + 252 + formulas.length)
  assert.equal((await noah.get('/customers.csv?country=Ireland&country=x')).status, 400)
  const events = await auditOf(demo, 'customers-exported')
  assert.deepEqual(
    events.map(({ user_id, detail }) => [user_id, detail]),
    [
      ['4', 'country=Ireland&sort=name-desc'],
      ['5', 'all'],
    ],
  )
})

async function addApproval({ parts: { database } }: Demo, state: 'asked' | 'approved' | 'refused', percent: number) {
  const row = {
    key: crypto.randomUUID(),
    customer_id: 1,
    user_id: 4,
    session_id: '',
    percent,
    reason: '',
    scenario: 'state' as const,
    state,
    asked_at: '2026-01-01T00:00:00.000Z',
    expires_at: '2090-01-01T00:00:00.000Z',
  }
  await database.insertInto('operations').values(row).execute()
}
