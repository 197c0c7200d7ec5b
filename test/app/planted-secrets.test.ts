import assert from 'node:assert/strict'
import test from 'node:test'
import Sqlite from 'better-sqlite3'
import { sql } from 'kysely'
import { createLog } from '../../src/parts/log.ts'
import { sqliteStore } from '../../src/session/stores/sqlite/index.ts'
import { NEW_CUSTOMER, signedIn } from '../support/api-client.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { routesOf } from '../support/routes.ts'
import { formOn, makeToken, tokenOn } from '../support/tokens.ts'
import { startTroubledDemo } from '../support/troubled-demo.ts'
import { FORM, type Visitor } from '../support/visitor.ts'

const PASSWORD = 'plum Kettle 47 ridge'

test('[MASK-1] a live secret in any part of a request reaches no log, no table, no page and no export', async (t) => {
  const sqlite = new Sqlite(':memory:')
  const demo = await startDemo(t, { logLevel: 'trace', trustProxyHops: 1 }, { store: sqliteStore(sqlite) })
  const owner = demo.visitor()
  await owner.logInWell(5)
  const { once, secrets } = await liveSecrets(demo, owner)
  const spellings = secrets.flatMap(spellingsOf)

  let sent = 0
  const sender = demo.visitor()
  let signedInAs = ''
  for (const place of [...pagesOf(demo), ...(await endpointsOf(demo)), ...OTHER_PLACES]) {
    const userId = place.startsWith('/admin') ? '6' : '4'
    if ((await sender.get('/account/sessions')).status !== 200 || userId !== signedInAs) await sender.logInWell(userId)
    signedInAs = userId
    for (const [method, path, { body, ...headers } = {}] of requestsTo(place, spellings, sent, {
      once,
      actingUser: userId,
    })) {
      const spelling = spellings[sent++ % spellings.length] as string
      await sender.send(path, {
        method,
        headers: {
          'User-Agent': `planted ${spelling}`,
          'X-Forwarded-For': spelling,
          Referer: `http://x/?$4DSID=${spelling}`,
          'Accept-Language': spelling,
          'X-Planted': spelling,
          Authorization: sent % 3 === 0 ? spelling : undefined,
          ...headers,
        },
        ...(body !== undefined && { body }),
      })
      for (const value of sender.cookies.values()) secrets.push(secretOf(value))
      // Within a minute, the audit trail records only ten different refusals.
      if (sent % 25 === 0) demo.clock.advance({ seconds: 61 })
    }
  }
  assert.ok(sent > 400, `only ${sent} requests`)
  const planted = { 'User-Agent': `planted ${spellings[0]}` }
  await demo.visitor().post('/4DACTION/authenticate', { userId: '4', password: 'crm-demo' }, planted)
  const exporter = demo.visitor()
  await exporter.logInWell(6)
  // A filter of the audit trail has a limited length.
  for (const [index, secret] of spellings.filter(({ length }) => length < 100).entries()) {
    const filter = { [['user', 'session', 'address'][index % 3] as string]: secret }
    assert.equal((await exporter.get(`/admin/audit.csv?${new URLSearchParams(filter)}`)).status, 200, secret)
  }

  const found = { log: demo.log.join(''), tables: await tablesOf(demo), sessions: sessionTablesOf(sqlite) }
  const administrator = demo.visitor()
  await administrator.logInWell(6)
  const pages: Record<string, string> = {}
  for (const path of ['/admin/audit', '/admin/audit.csv', '/admin/sessions', '/metrics'])
    pages[path] = (await administrator.get(path)).text
  for (const path of ['/account/sessions', '/account/tokens']) pages[path] = (await owner.get(path)).text
  assert.match(found.tables, /planted \*\*\*/, 'the devices were stored')
  assert.match(found.sessions, /planted \*\*\*/)
  assert.match(found.tables, /"detail":"POST [^"]*\*\*\*"/, 'the refusals were stored')
  assertFree({ ...found, ...pages }, [...new Set([...secrets, PASSWORD])])
})

test('[MASK-2] a live secret in a request that fails on the server is not logged', async (t) => {
  const { demo, trouble } = await startTroubledDemo(t, { logLevel: 'trace' })
  const owner = demo.visitor()
  await owner.logInWell(5)
  const { secrets } = await liveSecrets(demo, owner)
  await demo.parts.database.schema.dropTable('purchases').execute()
  const plant = async (status: number) => {
    for (const secret of secrets.flatMap(spellingsOf)) {
      const answer = await owner.get(`/customers/1?x=${secret}&${secret}=1`, { 'User-Agent': secret, Referer: secret })
      assert.equal(answer.status, status)
    }
  }
  await plant(500)
  trouble.trouble('fails')
  await plant(503)
  assertFree({ log: demo.log.join('') }, secrets)
})

test('[MASK-3] a name that belongs to no account is never recorded, because it may be a password', async (t) => {
  const demo = await startDemo(t, { logLevel: 'trace' })
  const typed = ['48151623', 'P@ssw0rd.example', 'plum@kettle.ridge']
  for (const name of typed) {
    await demo.visitor().logIn(name)
    await demo.visitor().send('/api/signin', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: name, password: PASSWORD }),
    })
  }
  const tables = await tablesOf(demo)
  assert.match(tables, /unknown account/)
  assertFree({ log: demo.log.join(''), tables }, [...typed, ...typed.map((name) => name.toLowerCase()), PASSWORD])
})

test('[MASK-4] the log masks secrets in the properties of an error, and stays JSON', () => {
  const lines: string[] = []
  const log = createLog({ logLevel: 'trace' }, { write: (line) => void lines.push(line) })
  const otp = '2E5D0D57751D471DB29FD110D2DCE253'
  const secret = 'k3_Zt8mQ-4vWb1XyN0oRrE7uHc5LgSa9dPjFq2iTwBM'
  const error = Object.assign(new Error(`bad\n${secret}`, { cause: new Error(otp) }), {
    command: { name: 'EVAL', args: [otp, `x\n${secret}`] },
    rawPacket: Buffer.from(`GET /?$4DSID=${otp}`),
    [secret]: 1,
  })
  log.error({ err: error, session: otp, note: `\n${otp}.${secret}` }, 'failed')
  const { err, session, note } = JSON.parse(lines[0] ?? '')
  assert.deepEqual([err.command.args, err.rawPacket, note], [['***', 'x\n***'], '***', '\n***'])
  assert.equal(session, otp, 'the public id of the session stays')
  assert.ok(!JSON.stringify(err).includes(otp) && !lines.join('').includes(secret))
})

interface Live {
  once: string
  secrets: string[]
}

async function liveSecrets(demo: Demo, owner: Visitor): Promise<Live> {
  const { sessionCookie: cookie, deviceToken } = owner
  const id = cookie.slice(0, cookie.indexOf('.'))
  const signIn = (await signedIn(demo, 5)).token
  const apiToken = tokenOn(await makeToken(owner))
  const link = await demo.parts.sessions?.createOTP(id, { path: '/nowhere' })
  const callback = await demo.parts.sessions?.createOTP(id, { path: '/my4DApp', requestOnly: true, data: {} })
  assert.ok(link && callback && deviceToken)
  const once = formOn(await owner.get('/account/tokens'))
  return { once, secrets: [cookie, signIn, apiToken].map(secretOf).concat(link, callback, once, deviceToken) }
}

function secretOf(token: string): string {
  return token.slice(token.indexOf('.') + 1)
}

/** The secret alone, inside longer words, in other cases, and percent-encoded in part, completely and twice. */
function spellingsOf(secret: string): string[] {
  const encoded = [...secret].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')
  const id = '0123456789ABCDEF0123456789ABCDEF'
  return [
    secret,
    `x${secret}y`,
    secret.toLowerCase(),
    `crm_${id}.${secret}`,
    `4DSID_Tessera%3D${id}%2E${secret}`,
    `%ZZ${encoded}`,
    encoded.replaceAll('%', '%25'),
  ]
}

const OTHER_PLACES = [
  '/nope',
  '/api/nope',
  '/api/docs',
  '/assets/nope',
  '/healthz',
  '/readyz',
  '/metrics',
  '/favicon.ico',
]

function pagesOf(demo: Demo): string[] {
  return [...new Set(routesOf(demo).map(({ path }) => path))]
}

async function endpointsOf(demo: Demo): Promise<string[]> {
  const { paths } = JSON.parse((await demo.visitor().get('/api/openapi.json')).text) as { paths: object }
  return Object.keys(paths).map((path) => (path.startsWith('/api') ? path : `/api${path}`))
}

type Planted = [method: string, path: string, more?: { body?: string } & Record<string, string>]

function requestsTo(
  place: string,
  spellings: readonly string[],
  round: number,
  hidden: { once: string; actingUser: string },
): Planted[] {
  const path = place.replace(/:\w+|\{\w+\}/g, '1')
  const spelling = (index: number) => spellings[(round + index * 5) % spellings.length] as string
  const first = spelling(0)
  const names = Array.from({ length: 10 }, (_, index) => `${spelling(index)}=1`)
  const values = ['x', 'token', 'next', 'q', 'search', 'userId', 'user'].map(
    (name, index) => `${name}=${spelling(index)}`,
  )
  const secretValues = [`password=${PASSWORD.replaceAll(' ', '+')}`, `$params='["${first}"]'`]
  const query = [...names, ...values, ...secretValues].join('&')
  const fields = {
    x: first,
    userId: PASSWORD,
    email: first,
    username: first,
    next: `/${first}`,
    password: PASSWORD,
    ...hidden,
  }
  const form = { ...FORM, body: new URLSearchParams({ ...fields, [first]: '1' }).toString() }
  const json = { ...NEW_CUSTOMER, ...fields, [first]: 1, [`a ${first}`]: 1 }
  const requests: Planted[] = [
    ['HEAD', `${path}?$4DSID=${first}`],
    ['GET', `${path}/${first}`],
    ['POST', `${path}?${query}`, form],
    ['PUT', path, { 'Content-Type': 'application/json', body: JSON.stringify(json) }],
    ['POST', path, { 'Content-Type': first, body: first }],
    ['POST', `${path}/${first}`, { ...form, Origin: 'http://evil.test', 'Sec-Fetch-Site': 'cross-site' }],
  ]
  // An event stream never ends.
  if (!path.endsWith('/events')) requests.push(['GET', `${path}?${query}`])
  if (path !== place) requests.push(['GET', place.replace(/:\w+|\{\w+\}/g, first)])
  return requests
}

async function tablesOf(demo: Demo): Promise<string> {
  await demo.parts.audit.stop()
  const { database } = demo.parts
  const rows: unknown[] = []
  for (const { name } of await database.introspection.getTables())
    rows.push(...(await sql`select * from ${sql.table(name)}`.execute(database)).rows)
  return JSON.stringify(rows)
}

function sessionTablesOf(sqlite: Sqlite.Database): string {
  const tables = sqlite.prepare("select name from sqlite_master where type = 'table'").pluck().all()
  const rows = tables.map((name) => sqlite.prepare(`select * from "${name}"`).raw().all())
  return rows.flat(2).map(String).join('\n')
}

/** Compares without regard to case, and finds percent-encoded secrets too. */
function assertFree(texts: Record<string, string>, secrets: readonly string[]): void {
  for (const [place, text] of Object.entries(texts)) {
    const plain = decoded(text).toLowerCase()
    for (const secret of secrets) {
      const start = plain.indexOf(secret.toLowerCase())
      assert.equal(start < 0 ? '' : plain.slice(Math.max(0, start - 200), start + 100), '', `${secret} is in ${place}`)
    }
  }
}

function decoded(text: string): string {
  const once = text.replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
  return once === text ? text : decoded(once)
}
