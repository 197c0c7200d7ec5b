import assert from 'node:assert/strict'
import test from 'node:test'
import type { Parts } from '../../src/parts/parts.ts'
import { openDamagedStore } from '../session/support/damaged-store.ts'
import { signedIn } from '../support/api-client.ts'
import { auditOf } from '../support/audit.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { headingOf, sessionIdOf } from '../support/pages.ts'
import type { Scope } from '../support/process.ts'
import { openStream, STREAM_HEADERS } from '../support/stream.ts'
import type { Answer, Visitor } from '../support/visitor.ts'

type StartedWith = Parameters<typeof startDemo> extends [unknown, ...infer More] ? More : never

const STORES: Record<string, Parts['config']['sessionStore']> = {
  memory: { kind: 'memory' },
  SQLite: { kind: 'sqlite', file: ':memory:' },
}

test('the console shows users, guests and API clients, with state, device, times and number of stored keys', async (t) => {
  const { demo, admin } = await startConsole(t)
  const ada = demo.visitor()
  await ada.logIn(1, 'crm-demo')
  await ada.get('/authenticationOK.shtml')
  const phone = demo.visitor()
  await phone.get(`/customers?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(ada))}`)
  await demo.visitor().get('/')
  await signedIn(demo, 4)
  demo.clock.advance({ minutes: 10 })
  const { text } = await admin.get('/admin/sessions?state=any')
  const rows = rowsOf(text)
  assert.match(
    rowOf(rows, 'Ada Marlow'),
    /userId 1, Web.*Signed in.*Restored.*10 min ago.*50 min.*11 h 50 min.*3 keys.*2 devices/,
  )
  assert.match(rowOf(rows, 'Guest Web Guest'), /1 device/)
  assert.match(rowOf(rows, 'Noah Lindgren'), /userId 4, API.*Signed in.*20 min.*29 days.*1 token/)
  assert.match(rowOf(rows, 'Tomasz Nowak'), /Yours/)
  assert.ok(
    rows.some((row) => /^Guest Web Invalidated None Replaced/.test(row)),
    rows.join('\n'),
  )
})

test('[ROW-10] the console marks a session that cannot be read; its user can log out or log in again, and an administrator can end it', async (t) => {
  const { store, damage } = await openDamagedStore(t, 'memory')
  const { demo, admin } = await startConsole(t, {}, { store })
  const visitors = [1, 2, 3].map(() => demo.visitor())
  for (const [index, visitor] of visitors.entries()) {
    await visitor.logInWell(index + 1)
    await damage('storage', sessionIdOf(visitor), '{"myTop3":[{"name":')
  }
  const [ada, jonas, third] = visitors as [Visitor, Visitor, Visitor]
  const list = await admin.get('/admin/sessions')
  assert.equal(list.status, 200)
  assert.equal(rowsOf(list.text).filter((row) => /Signed in Unreadable/.test(row)).length, 3)
  assert.match(rowOf(rowsOf(list.text), 'Tomasz Nowak'), /Signed in (?!Unreadable)/)
  assert.doesNotMatch(
    rowsOf(list.text)
      .filter((row) => /Unreadable/.test(row))
      .join(),
    / keys?\b/,
  )

  const failed = await ada.get('/authenticationOK.shtml')
  assert.equal(failed.status, 500)
  assert.match(failed.text, /data of your session cannot be read[\s\S]*href="\/authenticate\.shtml"/)
  assert.equal((await ada.get('/authenticate.shtml')).status, 200)
  await ada.logInWell(1)
  assert.equal((await ada.get('/authenticationOK.shtml')).status, 200)

  assert.equal((await jonas.post('/logout')).status, 303)
  assert.equal((await jonas.get('/customers')).status, 303)

  const page = `/admin/sessions/${sessionIdOf(third)}`
  assert.match((await admin.get(page)).text, /Some data of this session cannot be read[\s\S]*Unreadable/)
  assert.equal((await admin.post(`${page}/end`)).status, 303)
  assert.equal((await admin.get(page)).status, 404)
  assert.equal((await third.get('/customers')).status, 303)
})

test('the console says how many of the licences are in use', async (t) => {
  const { admin } = await startConsole(t, { maxSessions: 1234 })
  assert.match((await admin.get('/admin/sessions')).text, /id="licences">2 of 1,234 licences in use</)
  const { admin: other } = await startConsole(t)
  assert.match((await other.get('/admin/sessions')).text, /id="licences">2 licences in use; no limit is set</)
})

test('sessions are found by userId, name and address of their user, by kind and by state', async (t) => {
  const { demo, admin } = await startConsole(t)
  for (const userId of [1, 1, 2]) await demo.visitor().logIn(userId)
  await signedIn(demo, 1)
  const found = async (query: string) =>
    rowsOf((await admin.get(`/admin/sessions?${query}`)).text)
      .map((row) => row.replace(/ userId.*| Web.*/, ''))
      .sort()
  assert.deepEqual(await found('user=1'), ['Ada Marlow', 'Ada Marlow', 'Ada Marlow'])
  assert.deepEqual(await found('user=ada+MARLOW&kind=web'), ['Ada Marlow', 'Ada Marlow'])
  assert.deepEqual(await found('user=mar&kind=rest'), ['Ada Marlow'])
  assert.deepEqual(await found(`user=${await addressOf(demo, 2)}`), ['Jonas Keller'])
  assert.deepEqual(await found('user=unknown'), [])
  assert.deepEqual(await found('state=user&kind=web'), [
    'Ada Marlow',
    'Ada Marlow',
    'Jonas Keller',
    'Tomasz Nowak Yours',
  ])
  assert.deepEqual(await found('state=invalidated'), ['Guest'])
  const several = await admin.get('/admin/sessions?user=o')
  assert.match(several.text, /Several users match/)
  assert.match(several.text, /href="\/admin\/sessions\?user=2">Jonas Keller \(2\)/)
})

test('an unknown filter value is refused with a list of the known values, and an invalid page number shows the first page', async (t) => {
  const { admin } = await startConsole(t)
  for (const query of ['kind=soap', 'state=dead', 'sort=size', 'user=1&user=2', `user=${'x'.repeat(121)}`])
    assert.equal((await admin.get(`/admin/sessions?${query}`)).status, 400, query)
  const first = rowsOf((await admin.get('/admin/sessions')).text)
  for (const after of ['x', '-', `zzzzzzzzzzz-${'0'.repeat(32)}`, `1-${'g'.repeat(32)}`, '%00', `1-${'A'.repeat(33)}`])
    assert.deepEqual(rowsOf((await admin.get(`/admin/sessions?after=${after}`)).text), first, after)
})

test('[PAGE-2] the headings Created and Last seen sort the console both ways, and keep its filters', async (t) => {
  const { demo, admin } = await startConsole(t)
  const all = '/admin/sessions?kind=rest&state=any'
  for (const userId of ['one', 'two', 'three']) {
    await demo.parts.sessions?.newToken(userId, {})
    demo.clock.advance({ minutes: 1 })
  }
  const headings = async (path: string) => {
    const { text } = await admin.get(path)
    const found = [...text.matchAll(/<th scope="col"([^>]*)><a class="sort" href="([^"]+)">([^<]+)</g)]
    return found.map(([, sorted, href = '', label]) => `${label}${sorted}: ${href.replaceAll('&amp;', '&')}`)
  }
  const created = 'Created aria-sort="descending": /admin/sessions?kind=rest&state=any&sort=oldest'
  const seen = 'Last seen: /admin/sessions?kind=rest&state=any&sort=seen'
  assert.deepEqual(await headings(all), [created, seen])
  const oldest = `Created aria-sort="ascending": ${all}`
  assert.deepEqual(await headings(`${all}&sort=oldest`), [oldest, seen])
  const unseen = 'Last seen aria-sort="descending": /admin/sessions?kind=rest&state=any&sort=unseen'
  assert.deepEqual(await headings(`${all}&sort=seen`), [`Created: ${all}`, unseen])
  assert.deepEqual(await headings(`${all}&sort=unseen`), [
    `Created: ${all}`,
    seen.replace(':', ' aria-sort="ascending":'),
  ])
  const rows = async (sort: string) => idsOf((await admin.get(`${all}&sort=${sort}`)).text)
  assert.equal((await rows('oldest')).length, 3)
  for (const [first = '', reverse = ''] of [
    ['created', 'oldest'],
    ['seen', 'unseen'],
    ['end', 'latest'],
  ])
    assert.deepEqual(await rows(reverse), (await rows(first)).toReversed(), reverse)
})

for (const [store, sessionStore] of Object.entries(STORES)) {
  test(`paging shows every session once, in each order, on the ${store} store`, async (t) => {
    const { demo, admin } = await startConsole(t, { sessionStore })
    for (let index = 0; index < 130; index++) {
      await demo.parts.sessions?.newToken(`user-${index}`, {
        userName: `User ${index}`,
        absoluteSeconds: 90_000 - index,
      })
      if (index % 3 === 0) demo.clock.advance({ milliseconds: 5 })
    }
    for (const sort of ['created', 'oldest', 'seen', 'unseen', 'end', 'latest']) {
      const seen: string[] = []
      let path: string | undefined = `/admin/sessions?kind=rest&sort=${sort}`
      let pages = 0
      while (path !== undefined) {
        const { text }: Answer = await admin.get(path)
        seen.push(...idsOf(text))
        path = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&')
        pages++
      }
      assert.deepEqual([pages, seen.length, new Set(seen).size], [3, 130, 130], sort)
    }
  })
}

test('a session’s page shows its devices and the names of its stored keys, but no value, cookie or hash', async (t) => {
  const { demo, admin } = await startConsole(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  await ada.get('/authenticationOK.shtml', {
    'User-Agent': 'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0',
  })
  const id = sessionIdOf(ada)
  const link = await demo.parts.sessions?.createOTP(id)
  const { text } = await admin.get(`/admin/sessions/${id}`)
  assert.equal(headingOf({ text } as Answer), 'Session of Ada Marlow')
  assert.match(plain(text), /Browser.*a login.*Open one-time link.*None yet.*One-time link, not opened yet/)
  assert.match(text, /<code>myTop3<\/code> <span aria-hidden="true">••••••</)
  const storage = await demo.parts.sessions?.storage(id)
  const [name = 'no name'] = (storage?.myTop3?.customers ?? []).map((customer) => customer.name)
  const list = (await admin.get('/admin/sessions')).text
  const secret = ada.sessionCookie.split('.')[1] ?? 'none'
  for (const page of [text, list])
    for (const hidden of [name, secret, String(link)]) assert.ok(!page.includes(hidden), `a page shows ${hidden}`)
})

test('[SECURE-10] ending a session with a message signs its user out, and shows the message once', async (t) => {
  const { demo, admin } = await startConsole(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const ended = await admin.post(`/admin/sessions/${sessionIdOf(ada)}/end`, { message: ' Call <me> & come 👨‍👩‍👧 ' })
  assert.deepEqual([ended.status, ended.location], [303, '/admin/sessions?done=ended'])
  assert.match((await admin.follow(ended)).text, /The session has ended on all its devices/)
  const moved = await ada.get('/customers')
  assert.equal(moved.location, '/authenticate.shtml?next=%2Fcustomers&ended=1')
  const page = await ada.follow(moved)
  assert.match(
    page.text,
    /role="status"><strong>Your session was ended\.<\/strong> The administrator who ended it wrote: “Call &lt;me&gt; &amp; come 👨‍👩‍👧”</,
  )
  assert.doesNotMatch((await ada.get('/authenticate.shtml')).text, /Your session was ended/)
})

test('[TAB-5] when two administrators end one session, the second administrator reads that the session has already ended', async (t) => {
  const { demo, admin } = await startConsole(t)
  const other = demo.visitor()
  await other.logInWell(6)
  for (let round = 0; round < 5; round++) {
    const ada = demo.visitor()
    await ada.logInWell(1)
    const path = `/admin/sessions/${sessionIdOf(ada)}/end`
    const answers = await Promise.all([admin.post(path), other.post(path)])
    const places = answers.map(({ location }) => location).sort()
    assert.deepEqual(places, ['/admin/sessions?done=ended', '/admin/sessions?done=gone'])
  }
  assert.match((await admin.get('/admin/sessions?done=gone')).text, /The session had ended before\./)
})

test('an administrator signs out one device of a session, whose other device stays signed in, and revokes an unopened link', async (t) => {
  const { demo, admin } = await startConsole(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const id = sessionIdOf(ada)
  const phone = demo.visitor()
  await phone.get(`/customers?$4DSID=${await demo.parts.sessions?.createOTP(id)}`)
  const link = await demo.parts.sessions?.createOTP(id)
  const devices = (await demo.parts.sessions?.get(id))?.devices ?? []
  for (const { handle, via, kind } of devices) {
    if (via !== 'link' && kind !== 'otp') continue
    const answer = await admin.post(`/admin/sessions/${id}/devices/${handle}/end`)
    assert.equal(answer.location, `/admin/sessions/${id}?done=device`)
    const again = await admin.post(`/admin/sessions/${id}/devices/${handle}/end`)
    assert.equal(again.location, answer.location, 'twice')
  }
  assert.equal((await phone.get('/customers')).status, 303)
  assert.equal((await demo.visitor().get(`/customers?$4DSID=${link}`)).status, 303)
  assert.equal((await ada.get('/customers')).status, 200)
})

test('[PAGE-19] after the last device of a session is signed out, the console shows the list and says that the device is signed out', async (t) => {
  const { demo, admin } = await startConsole(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const id = sessionIdOf(ada)
  const [device] = (await demo.parts.sessions?.get(id))?.devices ?? []
  const page = await admin.follow(await admin.post(`/admin/sessions/${id}/devices/${device?.handle}/end`))
  assert.equal(headingOf(page), 'Sessions')
  assert.match(page.text, /That device is signed out\./)
})

test('ending all sessions of a user ends web and REST sessions of that user, and no session of another user', async (t) => {
  const { demo, admin } = await startConsole(t)
  const [one, two, other] = [demo.visitor(), demo.visitor(), demo.visitor()]
  await one.logInWell(1)
  await two.logInWell(1)
  await other.logInWell(2)
  const Authorization = `Bearer ${(await signedIn(demo, 1)).token}`
  const ended = await admin.post('/admin/sessions/end-user', { userId: '1', message: 'Good night' })
  assert.match((await admin.follow(ended)).text, /3 sessions have ended\. Yours goes on\./)
  for (const visitor of [one, two]) assert.match((await visitor.get('/')).text, /Good night/)
  assert.equal((await demo.visitor().get('/api/me', { Authorization })).status, 401)
  assert.equal((await other.get('/customers')).status, 200)
  const again = await admin.post('/admin/sessions/end-user', { userId: '1' })
  assert.match((await admin.follow(again)).text, /There was nothing left to end/)
  const told = await auditOf(demo, 'many-revoked')
  assert.deepEqual(
    told.map(({ user_id, by_user_id, detail }) => [user_id, by_user_id, detail]),
    Array(2).fill(['1', '6', 'all of one user']),
  )
})

test('an administrator who ends all sessions, or all of their own, keeps the session in use', async (t) => {
  const { demo, admin } = await startConsole(t)
  const [ada, mine] = [demo.visitor(), demo.visitor()]
  await ada.logInWell(1)
  await mine.logInWell(6)
  assert.equal(
    (await admin.post('/admin/sessions/end-user', { userId: '6' })).location,
    '/admin/sessions?done=many&ended=1',
  )
  assert.equal((await mine.get('/admin/sessions')).status, 303)
  assert.equal((await admin.post('/admin/sessions/end-others')).status, 303)
  assert.equal((await ada.get('/customers')).status, 303)
  assert.equal((await admin.get('/admin/sessions')).status, 200)
  const own = await admin.post(`/admin/sessions/${sessionIdOf(admin)}/end`)
  assert.deepEqual([own.status, /Log out to end it/.test(own.text)], [409, true])
  const [device] = (await demo.parts.sessions?.get(sessionIdOf(admin)))?.devices ?? []
  assert.equal((await admin.post(`/admin/sessions/${sessionIdOf(admin)}/devices/${device?.handle}/end`)).status, 409)
  assert.equal((await admin.get('/admin/sessions')).status, 200)
})

test('[LIC-1] removing the invalidated session that a login left behind frees its licence', async (t) => {
  const { demo, admin } = await startConsole(t)
  const ada = demo.visitor()
  await ada.get('/')
  const before = sessionIdOf(ada)
  await ada.logInWell(1)
  const licences = await demo.parts.sessions?.count()
  assert.match((await admin.get(`/admin/sessions/${before}`)).text, /Remove its record/)
  const removed = await admin.post(`/admin/sessions/${before}/end`)
  assert.match((await admin.follow(removed)).text, /had been replaced by a login already/)
  assert.equal(await demo.parts.sessions?.count(), Number(licences) - 1)
  assert.equal((await admin.get(`/admin/sessions/${before}`)).status, 404)
  assert.equal((await ada.get('/customers')).status, 200)
})

test('messages that are too long, have several lines or reverse the text direction are refused before anything ends', async (t) => {
  const { demo, admin } = await startConsole(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const path = `/admin/sessions/${sessionIdOf(ada)}/end`
  for (const message of ['x'.repeat(201), 'a\nb', 'a\u0000b', 'a\u202eb', 'a\u2028b'])
    for (const address of [path, '/admin/sessions/end-others'])
      assert.equal((await admin.post(address, { message })).status, 422, JSON.stringify(message))
  assert.equal(
    (
      await admin.post(path, [
        ['message', 'a'],
        ['message', 'b'],
      ])
    ).status,
    422,
  )
  for (const fields of [{}, { userId: '' }, { userId: 'x'.repeat(65) }])
    assert.equal((await admin.post('/admin/sessions/end-user', fields)).status, 422)
  assert.equal((await ada.get('/customers')).status, 200)
  assert.equal((await admin.post(path, { message: '👍'.repeat(200) })).status, 303)
})

test('an unknown, malformed or ended session id gets the same response from every page and from every action', async (t) => {
  const { demo, admin } = await startConsole(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const ended = sessionIdOf(ada)
  await ada.logOut()
  const pages = new Set<string>()
  for (const id of [ended, 'F'.repeat(32), 'f'.repeat(32), 'x', '%00', "'--", 'end-others', `${'F'.repeat(31)}%2F`]) {
    const shown = await admin.get(`/admin/sessions/${id}`)
    const acted = await admin.post(`/admin/sessions/${id}/end`)
    const device = await admin.post(`/admin/sessions/${id}/devices/${'0'.repeat(16)}/end`)
    assert.equal(shown.status, 404, id)
    for (const { location } of [acted, device]) assert.equal(location, '/admin/sessions?done=gone', id)
    pages.add(plain(shown.text))
  }
  assert.equal(pages.size, 1, [...pages].join('\n'))
})

test('[PRIV-7] salespersons and managers read which privilege is missing, and guests are asked to log in', async (t) => {
  const { demo, admin } = await startConsole(t)
  const id = sessionIdOf(admin)
  const reads = [
    '/admin/sessions',
    `/admin/sessions/${id}`,
    '/admin/audit',
    '/admin/audit.csv',
    '/admin/sessions/events',
  ]
  const acts = [
    `/admin/sessions/${id}/end`,
    '/admin/sessions/end-user',
    '/admin/sessions/end-others',
    `/admin/sessions/${id}/devices/0/end`,
  ]
  for (const userId of [1, 5]) {
    const person = demo.visitor()
    await person.logInWell(userId)
    const answers = [
      ...(await Promise.all(reads.map((path) => person.get(path)))),
      ...(await Promise.all(acts.map((path) => person.post(path)))),
    ]
    for (const { status, text } of answers) assert.deepEqual([status, /WebAdmin/.test(text)], [403, true], text)
  }
  const guest = demo.visitor()
  for (const path of reads.slice(0, 4)) assert.equal((await guest.get(path)).status, 303, path)
  for (const path of acts) assert.equal(headingOf(await guest.post(path)), 'Your session has ended', path)
  assert.equal((await admin.get('/admin/sessions')).status, 200)
})

test('[ROUTE-7] the console and its actions need re-authentication after a while, and in a session from a link', async (t) => {
  const { demo, admin } = await startConsole(t)
  const ada = demo.visitor()
  await ada.logInWell(1)
  const id = sessionIdOf(ada)
  const byLink = demo.visitor()
  const asked = async (answer: Promise<Answer>) => (await answer).location
  await byLink.get(`/?$4DSID=${await demo.parts.sessions?.createOTP(sessionIdOf(admin))}`)
  assert.equal(await asked(byLink.get('/admin/sessions')), confirmFor('/admin/sessions'))
  demo.clock.advance({ minutes: 14 })
  assert.equal((await admin.get('/admin/audit.csv')).status, 200)
  demo.clock.advance({ minutes: 1 })
  for (const visitor of [admin, byLink]) {
    for (const page of ['/admin/sessions?user=1', `/admin/sessions/${id}`, '/admin/audit?user=1'])
      assert.equal(await asked(visitor.get(page)), confirmFor(page))
    assert.equal((await visitor.get('/admin/sessions/events', STREAM_HEADERS)).status, 204)
    for (const path of [`/admin/sessions/${id}/end`, '/admin/sessions/end-others', '/admin/sessions/%0d%0a/end'])
      assert.equal(await asked(visitor.post(path)), confirmFor('/account/unsent'))
    assert.equal(await asked(visitor.get('/admin/audit.csv?user=1')), confirmFor('/admin/audit?user=1'))
  }
  assert.equal((await ada.get('/customers')).status, 200)
})

test('[MODE-2] without sessions the console says so', async (t) => {
  const demo = await startDemo(t, { sessions: 'none' })
  for (const path of ['/admin/sessions', `/admin/sessions/${'A'.repeat(32)}`, '/admin/audit'])
    assert.equal((await demo.visitor().get(path)).status, 503, path)
})

async function startConsole(scope: Scope, ...settings: StartedWith) {
  const demo = await startDemo(scope, ...settings)
  const admin = demo.visitor()
  await admin.get('/')
  await admin.logInWell(6)
  return { demo, admin }
}

function confirmFor(path: string): string {
  return `/account/confirm?next=${encodeURIComponent(path)}`
}

function rowsOf(html: string): string[] {
  const [, body = ''] = html.split(/<table class="cards console">/)
  return (body.split('</table>')[0] ?? '')
    .split(/<tr[^>]*>/)
    .slice(2)
    .map(plain)
}

function rowOf(rows: string[], beginning: string): string {
  const row = rows.find((text) => text.startsWith(beginning))
  assert.ok(row, `no row begins with ${beginning}:\n${rows.join('\n')}`)
  return row
}

function idsOf(html: string): string[] {
  return [...html.matchAll(/id="s-([0-9A-F]{32})"/g)].map(([, id = '']) => id)
}

function plain(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

async function addressOf(demo: Demo, userId: number): Promise<string> {
  const people = demo.parts.database.selectFrom('sales_persons').select('email').where('user_id', '=', userId)
  return encodeURIComponent((await people.executeTakeFirstOrThrow()).email)
}

test('[PAGE-10] by default, the console lists the signed-in users, with one value in each cell', async (t) => {
  const { demo, admin } = await startConsole(t)
  const ada = demo.visitor()
  await ada.get('/')
  await ada.logInWell(1)
  const { text } = await admin.get('/admin/sessions')
  assert.match(text, /<option value="user" selected>Signed in/)
  assert.doesNotMatch(rowsOf(text).join('\n'), /Invalidated|Guest/)
  assert.match(rowsOf((await admin.get('/admin/sessions?state=any')).text).join('\n'), /Invalidated/)
  const heads = [...text.matchAll(/<th scope="col">([^<]*)</g)].map(([, head = '']) => head)
  assert.deepEqual(
    heads.filter((head) => /,/.test(head)),
    [],
  )
})

test('[PAGE-10] the page and the stream of the console have the same version until a session changes', async (t) => {
  const { demo, admin } = await startConsole(t)
  const versionOf = async () => /data-version="([^"]+)"/.exec((await admin.get('/admin/sessions')).text)?.[1]
  const shown = await versionOf()
  const stream = await openStream(`${demo.url}/admin/sessions/events`, admin)
  await stream.until(/event: version/)
  assert.ok(stream.text().includes(`"version":"${shown}"`), stream.text())
  assert.equal(await versionOf(), shown)
  await demo.visitor().get('/')
  await stream.until(/event: changed/)
  assert.notEqual(await versionOf(), shown)
  stream.close()
})
