import assert from 'node:assert/strict'
import test from 'node:test'
import { createCustomer, newCustomer, SORTS } from '../../../src/crm/index.ts'
import { NEW_CUSTOMER, signedIn } from '../../support/api-client.ts'
import { problemOf } from '../../support/approvals.ts'
import { startDemo, startWithNoahAndHelen } from '../../support/demo.ts'
import { editor } from '../../support/editor.ts'
import { fieldsOf, headingOf, namesOf, snapshotOf, withoutChip } from '../../support/pages.ts'
import type { Visitor } from '../../support/visitor.ts'

test('[CRM-9] a salesperson reaches only their own customers, in the list, by search and by id, and a manager reaches all customers', async (t) => {
  const demo = await startDemo(t)
  const [newcomer, manager] = [demo.visitor(), demo.visitor()]
  await newcomer.logInWell(4)
  await manager.logInWell(5)
  const all = await demo.parts.database
    .selectFrom('customers')
    .select(['id', 'name', 'sales_person'])
    .orderBy('id')
    .execute()
  const own = all.filter((customer) => customer.sales_person === 4)
  const foreign = all.filter((customer) => customer.sales_person !== 4)

  assert.deepEqual((await everyName(newcomer, '/customers')).sort(), own.map(({ name }) => name).sort())
  assert.deepEqual((await everyName(manager, '/customers')).sort(), all.map(({ name }) => name).sort())
  for (const { id, name } of own) assert.equal(headingOf(await newcomer.get(`/customers/${id}`)), name)

  const unknown = await newcomer.get('/customers/999999')
  assert.equal(unknown.status, 404)
  for (const { id, name } of foreign.filter((_, index) => index % 10 === 0)) {
    const answer = await newcomer.get(`/customers/${id}`)
    assert.equal(answer.status, 404)
    assert.equal(withoutChip(answer), withoutChip(unknown), 'a customer of another portfolio looks like an unknown one')
    assert.doesNotMatch((await newcomer.get(`/customers?q=${encodeURIComponent(name)}`)).text, /<tbody>/)
    assert.equal(headingOf(await manager.get(`/customers/${id}`)), name)
  }
})

test('[CRM-9] the filters reveal nothing to a salesperson about the customers of other salespersons', async (t) => {
  const demo = await startDemo(t)
  const [newcomer, manager] = [demo.visitor(), demo.visitor()]
  await newcomer.logInWell(4)
  await manager.logInWell(5)
  // What the server keeps of the filters of a manager must not reach a salesperson, even with equal versions.
  await demo.parts.database.updateTable('sales_persons').set({ portfolio_version: 0 }).execute()
  await manager.get('/customers')
  const own = await demo.parts.database
    .selectFrom('customers')
    .select(['country', 'industry'])
    .where('sales_person', '=', 4)
    .execute()
  const { text } = await newcomer.get('/customers')
  const options = [...text.matchAll(/<option value="([^"]+)"/g)].map(([, value = '']) => value)
  const known = new Set([
    ...own.flatMap(({ country, industry }) => [country, industry]),
    ...SORTS,
    'due',
    'planned',
    'none',
  ])
  assert.deepEqual(
    options.filter((value) => !known.has(value)),
    [],
  )
})

test('[CRM-9] the filters name a new country at once, and no longer name a country without customers', async (t) => {
  const demo = await startDemo(t)
  const [newcomer, manager] = [demo.visitor(), demo.visitor()]
  await newcomer.logInWell(4)
  await manager.logInWell(5)
  const countries = async (visitor: Visitor) =>
    [...(await visitor.get('/customers')).text.matchAll(/<option value="(Iceland|Norway)"/g)].map(([, name]) => name)
  assert.deepEqual(await countries(newcomer), [])
  const { clock, parts } = demo
  const wanted = newCustomer.parse({ ...NEW_CUSTOMER, country: 'Iceland' })
  const made = await createCustomer(parts.database, editor(4), wanted, clock.now())
  assert.deepEqual([await countries(newcomer), await countries(manager)], [['Iceland'], ['Iceland']])
  assert.ok(made.is === 'created')
  const client = await signedIn(demo, 5)
  await client.send('PATCH', `/customers/${made.customer.id}`, { body: { country: 'Norway' } })
  assert.deepEqual([await countries(newcomer), await countries(manager)], [['Norway'], ['Norway']])
})

test('paging shows each customer once, forwards and backwards, in every order', async (t) => {
  const demo = await startDemo(t)
  const manager = demo.visitor()
  await manager.logInWell(5)
  for (const sort of ['name', 'total', 'since', 'name-desc', 'total-asc', 'since-asc']) {
    const forwards = await everyName(manager, `/customers?sort=${sort}`)
    assert.equal(new Set(forwards).size, 252)
    const backwards: string[][] = []
    let page = await manager.get(await lastPage(manager, `/customers?sort=${sort}`))
    for (;;) {
      backwards.unshift(namesOf(page))
      const previous = linkOf(page.text, 'prev')
      if (previous === undefined) break
      page = await manager.get(previous)
    }
    assert.deepEqual(backwards.flat(), forwards, sort)
  }
})

test('customers can be found by a part of a name without accents, by country and by industry, and can be sorted', async (t) => {
  const demo = await startDemo(t)
  const manager = demo.visitor()
  await manager.logInWell(5)
  const rows = await demo.parts.database.selectFrom('customers').selectAll().execute()
  const lefevre = await everyName(manager, '/customers?q=LEFEVRE')
  assert.ok(lefevre.length > 0 && lefevre.every((name) => name.includes('Lefèvre')))
  const swedish = await everyName(manager, '/customers?country=Sweden&industry=Energy')
  assert.deepEqual(
    swedish.sort(),
    rows
      .filter((row) => row.country === 'Sweden' && row.industry === 'Energy')
      .map(({ name }) => name)
      .sort(),
  )
  const best = await everyName(manager, '/customers?sort=total')
  assert.deepEqual(
    best.slice(0, 3),
    rows
      .sort((a, b) => b.total_purchase - a.total_purchase)
      .slice(0, 3)
      .map(({ name }) => name),
  )
  for (const nothing of ['%', '_', '\\', "'; DROP TABLE customers; --", '<script>'])
    assert.match(
      (await manager.get(`/customers?q=${encodeURIComponent(nothing)}`)).text,
      /No customer matches these filters/,
      nothing,
    )
})

test('an invalid URL of the list or of a customer gets a clear 4xx or the first page, never a server error', async (t) => {
  const demo = await startDemo(t)
  const manager = demo.visitor()
  await manager.logInWell(5)
  const before = await snapshotOf(demo.parts)
  const key = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  for (const [query, status] of [
    ['q=a&q=b', 400],
    ['country=a&country=b', 400],
    ['after=a&after=b', 400],
    [`q=${'x'.repeat(200)}`, 400],
    ['sort=nonsense', 200],
    ['sort=__proto__', 200],
    ['q[]=a&country[$ne]=b', 200],
    ['after=nonsense', 200],
    [`after=${key([1, 2, 3])}`, 200],
    [`after=${key([{ a: 1 }, 1])}`, 200],
    [`after=${key(['zzz', 1e300])}`, 200],
    [`sort=total&after=${key(['zzz', 1])}`, 200],
    ['q=%00', 200],
    ['q=%E0%A4%A', 200],
    ['country=Atlantis', 200],
  ] as const)
    assert.equal((await manager.get(`/customers?${query}`)).status, status, query)
  for (const id of ['0', '01', '-1', '1.0', '1e0', '9999999999', 'x', '%00', '1%2f', "1'", '..%2f1', '1/', '1.css'])
    assert.equal((await manager.get(`/customers/${id}`)).status, 404, id)
  assert.equal(await snapshotOf(demo.parts), before)
})

test('a parameter that is too long is refused with its limit, and the page keys of long names stay within the limit', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  const tooLong = async (query: string) => problemOf(await visitor.get(`/customers?${query}`))
  assert.match(await tooLong(`q=${'x'.repeat(81)}`), /“q” is too long: at most 80 characters\./)
  for (const name of ['after', 'before'])
    assert.match(
      await tooLong(`${name}=${'x'.repeat(601)}`),
      new RegExp(`“${name}” is too long: at most 600 characters`),
    )
  const wanted = newCustomer.parse({ ...NEW_CUSTOMER, name: '語'.repeat(120) })
  for (let count = 0; count < 30; count += 1)
    await createCustomer(demo.parts.database, editor(4), wanted, demo.clock.now())
  assert.equal((await everyName(visitor, '/customers')).length, 32)
})

test('a page whose customers are gone leads to the first page of the same list', async (t) => {
  const { demo, noah } = await startWithNoahAndHelen(t)
  const wanted = newCustomer.parse({ ...NEW_CUSTOMER, country: 'Iceland' })
  for (let count = 0; count < 26; count += 1)
    await createCustomer(demo.parts.database, editor(4), wanted, demo.clock.now())
  const last = await noah.get(linkOf((await noah.get('/customers?country=Iceland&sort=since')).text, 'next') ?? '')
  const customer = /<th scope="row"><a href="([^"]+)"/.exec(last.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const path = customer.replace(/\?.*/, '/remove')
  const removed = await noah.post(customer.replace('?', '/remove?'), fieldsOf(await noah.get(customer), path))
  assert.match(removed.location ?? '', /after=/)
  const emptied = await noah.get(removed.location ?? '')
  assert.equal(emptied.location, '/customers?country=Iceland&sort=since')
  assert.equal(namesOf(await noah.get(emptied.location)).length, 25)
})

test('a page key of one sort order shows the first page in another sort order', async (t) => {
  const demo = await startDemo(t)
  const manager = demo.visitor()
  await manager.logInWell(5)
  const next = new URL(linkOf((await manager.get('/customers?sort=since')).text, 'next') ?? '', demo.url)
  const key = next.searchParams.get('after')
  assert.notDeepEqual(
    namesOf(await manager.get(`/customers?sort=since&after=${key}`)),
    namesOf(await manager.get('/customers?sort=since')),
  )
  for (const name of ['after', 'before'])
    assert.deepEqual(namesOf(await manager.get(`/customers?${name}=${key}`)), namesOf(await manager.get('/customers')))
})

test('a search for an accent without a letter finds nothing', async (t) => {
  const demo = await startDemo(t)
  const manager = demo.visitor()
  await manager.logInWell(5)
  for (const nothing of ['%CC%81', '%CC%81%20%CC%81'])
    assert.match((await manager.get(`/customers?q=${nothing}`)).text, /No customer matches these filters/)
})

test('a customer’s page shows the purchases and their total', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(4)
  const { text } = await visitor.get('/customers/1')
  const amounts = [...text.matchAll(/data-label="(?:Amount|Total)">€([\d,.]+)</g)].map(([, amount = '']) =>
    Math.round(Number(amount.replaceAll(',', '')) * 100),
  )
  const total = amounts.pop()
  assert.ok(amounts.length >= 2)
  assert.equal(
    amounts.reduce((sum, amount) => sum + amount, 0),
    total,
  )
})

test('the pages escape all customer data', async (t) => {
  const demo = await startDemo(t)
  const nasty = `<img src=x onerror=alert(1)>"'\`</script>`
  await demo.parts.database
    .updateTable('customers')
    .set({ name: nasty, contact: nasty, email: nasty, phone: nasty })
    .where('id', '=', 1)
    .execute()
  const visitor = demo.visitor()
  const welcome = await visitor.follow(await visitor.logIn(4))
  for (const page of [welcome, await visitor.get('/customers'), await visitor.get('/customers/1')]) {
    assert.doesNotMatch(page.text, /<img src=x|<\/script>"/)
    assert.match(page.text, /&lt;img src=x onerror=alert\(1\)&gt;&quot;&#39;/)
  }
  assert.match((await visitor.get(`/customers?q=${encodeURIComponent('"><b>')}`)).text, /value="&quot;&gt;&lt;b&gt;"/)
})

async function everyName(visitor: Visitor, path: string): Promise<string[]> {
  const page = await visitor.get(path)
  assert.equal(page.status, 200, page.text)
  const next = linkOf(page.text, 'next')
  return [...namesOf(page), ...(next === undefined ? [] : await everyName(visitor, next))]
}

async function lastPage(visitor: Visitor, path: string): Promise<string> {
  const next = linkOf((await visitor.get(path)).text, 'next')
  return next === undefined ? path : lastPage(visitor, next)
}

function linkOf(text: string, rel: 'prev' | 'next'): string | undefined {
  return new RegExp(`rel="${rel}" href="([^"]*)"`).exec(text)?.[1]?.replaceAll('&amp;', '&')
}

test('[PAGE-2] a customer’s page leads back to the list with its filter, order and page', async (t) => {
  const demo = await startDemo(t)
  const manager = demo.visitor()
  await manager.logInWell(5)
  const second = linkOf((await manager.get('/customers?industry=Energy&sort=total')).text, 'next') ?? ''
  for (const list of ['/customers', '/customers?country=Sweden', '/customers?sort=total-asc', second]) {
    const page = await manager.get(list)
    const customer = /<th scope="row"><a href="([^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    assert.equal(backOf((await manager.get(customer)).text), list)
  }
  for (const list of ['%E0%A4%A', `q=${'x'.repeat(81)}`, '//evil.test', 'sort=other'])
    assert.equal(backOf((await manager.get(`/customers/7?list=${encodeURIComponent(list)}`)).text), '/customers', list)
})

test('[PAGE-2] a second click on a column heading reverses the list, equal rows included, and the next pages keep the order', async (t) => {
  const demo = await startDemo(t)
  const manager = demo.visitor()
  await manager.logInWell(5)
  for (const [label, first, reverse] of [
    ['Name', 'ascending', 'descending'],
    ['Since', 'descending', 'ascending'],
    ['Purchases', 'descending', 'ascending'],
  ]) {
    const other = label === 'Name' ? '/customers?country=Sweden&sort=total' : '/customers?country=Sweden'
    const [unsorted, once] = await click(manager, other, label)
    assert.deepEqual(unsorted, { sorted: undefined, hint: `, sort in ${first} order` })
    const [sorted, twice] = await click(manager, once, label)
    assert.deepEqual(sorted, { sorted: first, hint: `, sort in ${reverse} order` })
    const [reversed, again] = await click(manager, twice, label)
    assert.deepEqual(reversed, { sorted: reverse, hint: `, sort in ${first} order` })
    assert.equal(again, once)
    assert.doesNotMatch(once + twice, /=(&|$)/)
    assert.deepEqual(await everyName(manager, twice), (await everyName(manager, once)).toReversed(), label)
  }
})

/** Returns the state of a column heading of a list, and the URL of its link. */
async function click(visitor: Visitor, list: string, label = ''): Promise<[object, string]> {
  const { text } = await visitor.get(list)
  const head = new RegExp(`<th scope="col"([^>]*)><a class="sort" href="([^"]+)">${label}<[^>]+>([^<]*)<`).exec(text)
  const [, attributes = '', href = '', hint] = head ?? []
  const sorted = /aria-sort="(\w+)"/.exec(attributes)?.[1]
  return [{ sorted, hint }, href.replaceAll('&amp;', '&')]
}

test('[PAGE-2] the column headings sort the list, and the pager shows the numbers of the rows', async (t) => {
  const demo = await startDemo(t)
  const manager = demo.visitor()
  await manager.logInWell(5)
  const first = (await manager.get('/customers?industry=Energy')).text
  const heads = [...first.matchAll(/<th scope="col"[^>]*><a class="sort" href="([^"]+)"/g)].map(([, href]) => href)
  assert.deepEqual(heads, [
    '/customers?industry=Energy&amp;sort=name-desc',
    '/customers?industry=Energy&amp;sort=since',
    '/customers?industry=Energy&amp;sort=total',
  ])
  assert.match(first, /aria-sort="ascending"><a class="sort" href="[^"]*">Name/)
  assert.match((await manager.get('/customers?sort=total')).text, /aria-sort="descending"><a [^>]*>Purchases/)
  const shown: string[] = []
  for (const sort of ['name', 'total', 'since']) {
    let page = await manager.get(await lastPage(manager, `/customers?sort=${sort}`))
    for (let path: string | undefined = ''; path !== undefined; path = linkOf(page.text, 'prev')) {
      if (path !== '') page = await manager.get(path)
      shown.push(/<span class="count">([^<]*)</.exec(page.text)?.[1] ?? '')
    }
    assert.deepEqual(shown.slice(-11), [
      '251–252 of 252',
      ...[226, 201, 176, 151, 126, 101, 76, 51, 26, 1].map((one) => `${one}–${one + 24} of 252`),
    ])
  }
})

test('[PAGE-3] empty fields of a filter form are not in the address of the page', async (t) => {
  const demo = await startDemo(t)
  const [manager, admin] = [demo.visitor(), demo.visitor()]
  await manager.logInWell(5)
  await admin.logInWell(6)
  const landed = async (visitor: Visitor, path: string) => {
    const { status, location } = await visitor.get(path)
    return [status, location]
  }
  assert.deepEqual(await landed(manager, '/customers?q=&country=Italy&industry=&sort=name'), [
    302,
    '/customers?country=Italy',
  ])
  assert.deepEqual(await landed(manager, '/customers?q=&country=&industry=&sort=name'), [302, '/customers'])
  assert.deepEqual(await landed(admin, '/admin/sessions?user=4&kind=&state=any&sort=seen'), [
    302,
    '/admin/sessions?user=4&state=any&sort=seen',
  ])
  assert.deepEqual(await landed(admin, '/admin/audit?event=&user=4&session=&address=&from=&to='), [
    302,
    '/admin/audit?user=4',
  ])
  for (const path of ['/customers?country=Italy', '/customers'])
    assert.deepEqual(await landed(manager, path), [200, undefined], path)
  assert.deepEqual(await landed(admin, '/admin/sessions?user=4&refresh='), [200, undefined])
})

test('[PAGE-9] the page of a customer without purchases shows a sentence instead of an empty table', async (t) => {
  const demo = await startDemo(t)
  const manager = demo.visitor()
  await manager.logInWell(5)
  await demo.parts.database.deleteFrom('purchases').where('customer_id', '=', 7).execute()
  const { text } = await manager.get('/customers/7')
  assert.match(text, /There are no purchases yet\./)
  assert.doesNotMatch(text, /<tbody>\s*<\/tbody>/)
  assert.match((await manager.get('/customers/8')).text, /<tfoot>/)
})

function backOf(text: string): string {
  return /<p class="back"><a href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? ''
}
