import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../../support/demo.ts'
import { headingOf, messageOf, namesOf, sessionIdOf, withoutChip } from '../../support/pages.ts'

test('[CRM-1] the login page has the documented fields and button, posting to the documented address', async (t) => {
  const { text } = await (await startDemo(t)).visitor().get('/authenticate.shtml')
  const [form = ''] = /<form class="card"[\s\S]*?<\/form>/.exec(text) ?? []
  assert.match(form, /method="post" action="\/4DACTION\/authenticate"/)
  assert.match(form, /<input id="userId" name="userId" type="text"[^>]* autocomplete="username"/)
  assert.match(form, /<input id="password" name="password" type="password" autocomplete="current-password"/)
  assert.match(form, /<button type="submit">Log In<\/button>/)
  assert.match(form, /<label for="userId">[\s\S]*<label for="password">/)
})

test('[CRM-2] an unknown userId and a wrong password have different messages, and the session stays unchanged', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.get('/')
  const before = sessionIdOf(visitor)
  const described = JSON.stringify(await demo.parts.sessions?.get(before))

  const unknown = await visitor.logIn(99)
  assert.equal(messageOf(unknown), 'This userId is unknown')
  const wrong = await visitor.logIn(4, 'crm-demo ')
  assert.equal(messageOf(wrong), 'This password is wrong')
  for (const answer of [unknown, wrong]) assert.deepEqual([answer.status, answer.setCookies], [422, []])
  assert.match(wrong.text, /name="userId"[^>]* value="4"/, 'the userId that was typed is kept')
  assert.equal(JSON.stringify(await demo.parts.sessions?.get(before)), described)
  assert.equal(sessionIdOf(visitor), before)
})

test('[CRM-2] the production profile sends the same message for a wrong userId and for a wrong password', async (t) => {
  const visitor = (await startDemo(t, { loginText: 'uniform' })).visitor()
  const unknown = await visitor.logIn(123_456_789, 'nonsense')
  const wrong = await visitor.logIn(4, 'nonsense')
  assert.equal(unknown.status, wrong.status)
  assert.equal(withoutChip(unknown).replaceAll('123456789', '4'), withoutChip(wrong))
})

test('[CRM-3] after the login the session has the full name, the privileges of the role, and the three best customers', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const answer = await visitor.logIn(1)
  assert.deepEqual([answer.status, answer.location], [302, '/authenticationOK.shtml'])

  const session = await demo.parts.sessions?.get(sessionIdOf(visitor))
  assert.deepEqual([session?.userName, session?.userId], ['Ada Marlow', '1'])
  assert.deepEqual([...(session?.privileges ?? [])].sort(), ['editCustomers', 'viewCustomers', 'viewPortfolio'])
  const best = await demo.parts.database
    .selectFrom('customers')
    .select(['id', 'name', 'total_purchase as totalPurchase'])
    .where('sales_person', '=', 1)
    .orderBy('total_purchase', 'desc')
    .limit(3)
    .execute()
  const storage = await demo.parts.sessions?.storage(sessionIdOf(visitor))
  assert.deepEqual([storage?.myTop3?.owner, storage?.myTop3?.customers], ['1', best])

  const welcome = await visitor.follow(answer)
  assert.equal(headingOf(welcome), 'Welcome, Ada Marlow')
  assert.deepEqual(
    namesOf(welcome),
    best.map(({ name }) => name),
  )
})

test('[CRM-4] a user with two customers sees a top 2, a manager without customers what is due, and a salesperson without customers a text that says so', async (t) => {
  const demo = await startDemo(t)
  const newcomer = demo.visitor()
  assert.equal(namesOf(await newcomer.follow(await newcomer.logIn(4))).length, 2)

  const manager = demo.visitor()
  const page = await manager.follow(await manager.logIn(5))
  assert.doesNotMatch(page.text, /top 3|no customers of your own/)
  assert.match(page.text, /What is due[\s\S]*Quiet customers/)
  const storage = await demo.parts.sessions?.storage(sessionIdOf(manager))
  assert.deepEqual([storage?.myTop3?.owner, storage?.myTop3?.customers], ['5', []])

  await demo.parts.database.updateTable('customers').set({ sales_person: 1 }).where('sales_person', '=', 3).execute()
  const sofia = demo.visitor()
  const { text } = await sofia.follow(await sofia.logIn(3))
  assert.match(text, /You have no customers of your own[\s\S]*href="\/customers\/new">Add a customer</)
})

test('[CRM-5] the top 3 stays the same for the whole session, whatever is bought meanwhile', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const before = namesOf(await visitor.follow(await visitor.logIn(4)))
  await demo.parts.database
    .updateTable('customers')
    .set({ total_purchase: 1 })
    .where('name', '=', String(before[0]))
    .execute()
  assert.deepEqual(namesOf(await visitor.get('/authenticationOK.shtml')), before)

  const again = demo.visitor()
  assert.deepEqual(
    namesOf(await again.follow(await again.logIn(4))),
    before.toReversed(),
    'a new session reads the top 3 again',
  )
})

test('[CRM-6] another salesperson on the same browser sees their own top 3', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const first = await visitor.follow(await visitor.logIn(1))
  const second = await visitor.follow(await visitor.logIn(2))
  assert.equal(headingOf(second), 'Welcome, Jonas Keller')
  const shared = namesOf(first).filter((name) => namesOf(second).includes(name))
  assert.deepEqual(shared, [])
  const storage = await demo.parts.sessions?.storage(sessionIdOf(visitor))
  assert.equal(storage?.myTop3?.owner, '2')
})

test('a click on a demo account fills in the login form, and an unknown account leaves it empty', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  const login = await visitor.get('/authenticate.shtml')
  const links = [...login.text.matchAll(/href="(\/authenticate\.shtml\?userId=\d+)"/g)].map(([, href = '']) => href)
  assert.equal(links.length, 6)
  for (const link of links) assert.match((await visitor.get(link)).text, /name="password"[^>]* value="crm-demo"/)
  for (const query of ['userId=7', 'userId=4&userId=5', 'userId=<b>'])
    assert.match((await visitor.get(`/authenticate.shtml?${encodeURI(query)}`)).text, /name="password"[^>]* value=""/)
})

test('the production profile shows no accounts and fills in nothing', async (t) => {
  const visitor = (await startDemo(t, { profile: 'production' })).visitor()
  assert.doesNotMatch((await visitor.get('/')).text, /crm-demo|userId=/)
  assert.doesNotMatch((await visitor.get('/authenticate.shtml?userId=4')).text, /crm-demo|value="4"/)
})

test('a signed-in user has a Log out button on every page, and is a guest after pressing it', async (t) => {
  const demo = await startDemo(t)
  const visitor = demo.visitor()
  await visitor.logInWell(5)
  const id = sessionIdOf(visitor)
  for (const page of [
    '/',
    '/authenticate.shtml',
    '/authenticationOK.shtml',
    '/customers',
    '/customers/3',
    '/admin/audit',
    '/nope',
  ])
    assert.match((await visitor.get(page)).text, /action="\/logout">[\s\S]*?<button[^>]*>Log out<\/button>/, page)

  const stolen = visitor.copy()
  const answer = await visitor.logOut()
  assert.deepEqual([answer.status, answer.location], [303, '/'])
  assert.equal(await demo.parts.sessions?.get(id), undefined)
  assert.equal((await stolen.get('/customers')).status, 303)
  assert.equal((await visitor.logOut()).status, 303, 'pressing it twice does no harm')
})
