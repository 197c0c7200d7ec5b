import assert from 'node:assert/strict'
import test from 'node:test'
import { networksOf, parseAddress } from '../../src/web/client-address.ts'
import { auditRowsOf } from '../support/audit.ts'
import { startDemo } from '../support/demo.ts'

const SPELLINGS: [address: string, ...spellings: string[]][] = [
  [
    '203.0.113.7',
    '203.0.113.7:49152',
    ' 203.0.113.7 ',
    '::ffff:203.0.113.7',
    '::FFFF:cb00:7107',
    '0:0:0:0:0:ffff:203.0.113.7',
    '[::ffff:203.0.113.7]:49152',
    '::ffff:203.0.113.7:49152',
  ],
  ['2001:db8:0:1::7', '2001:0DB8:0000:0001:0000:0000:0000:0007', '[2001:db8:0:1::7]', '[2001:db8:0:1::7]:49152'],
  ['fe80::1', 'fe80::1%eth0', '[fe80::1%25eth0]:49152'],
]

test('[ADDR-1] an address with a port, brackets or a zone id, and an IPv4-mapped address, have one form', () => {
  for (const [address, ...spellings] of SPELLINGS)
    for (const spelling of [address, ...spellings]) assert.equal(parseAddress(spelling), address, spelling)
  for (const text of ['', 'unknown', '_hidden', '127.1', '010.0.0.1', '2130706433', '203.0.113.7:', '1.2.3.4.5', 'x::'])
    assert.equal(parseAddress(text), undefined, text)
})

test('[ADDR-1] the login limit, the log, the audit trail and the lists of devices get the same form', async (t) => {
  const demo = await startDemo(t, { trustProxyHops: 1 })
  const [[address, ...spellings] = ['']] = SPELLINGS
  const guess = (forwarded: string) =>
    demo.visitor().post('/4DACTION/authenticate', { userId: '4', password: 'x' }, { 'X-Forwarded-For': forwarded })
  for (let time = 0; time < 25; time += 1) {
    // Azure writes the port of the client, which differs for each connection.
    const spelling = time < spellings.length ? String(spellings[time]) : `${address}:${40_000 + time}`
    assert.equal((await guess(spelling)).status, time < 10 ? 422 : 429, spelling)
  }
  const lines = demo.log.map((line) => JSON.parse(line)).filter(({ event }) => /^login\./.test(event))
  assert.deepEqual([lines.length, new Set(lines.map(({ ip }) => ip))], [25, new Set([address])])

  await demo
    .visitor()
    .post('/4DACTION/authenticate', { userId: '5', password: 'crm-demo' }, { 'X-Forwarded-For': '[2001:db8::7]:40000' })
  const rows = await auditRowsOf(demo)
  assert.deepEqual(new Set(rows.map((row) => row.address)), new Set([address, '2001:db8::7']))
  const listed = await demo.parts.sessions?.list({ userId: '5' })
  assert.deepEqual(
    listed?.sessions.map(({ devices }) => devices[0]?.address),
    ['2001:db8::7'],
  )
})

test('[ADDR-2] an IPv6 client counts by its /64 network and, with five times the limit, by its /48 network', async (t) => {
  assert.deepEqual(networksOf('2001:db8:1:2:3:4:5:6'), { own: '2001:db8:1:2::/64', site: '2001:db8:1::/48' })
  assert.deepEqual(networksOf('::ffff:203.0.113.7'), { own: '203.0.113.7' })

  const demo = await startDemo(t, { trustProxyHops: 1 })
  const guess = (forwarded: string) =>
    demo.visitor().post('/4DACTION/authenticate', { userId: '4', password: 'x' }, { 'X-Forwarded-For': forwarded })
  for (let network = 0; network < 5; network += 1)
    for (let host = 0; host < 10; host += 1)
      assert.equal((await guess(`2001:db8:1:${network}::${host}`)).status, 422, `${network} ${host}`)
  assert.equal((await guess('2001:db8:1:5::')).status, 429)
  assert.equal((await guess('2001:db8:2::')).status, 422)
})

test('[ADDR-3] all clients with an unreadable address count as one client', async (t) => {
  const demo = await startDemo(t, { trustProxyHops: 1 })
  const guess = (forwarded: string) =>
    demo.visitor().post('/4DACTION/authenticate', { userId: '4', password: 'x' }, { 'X-Forwarded-For': forwarded })
  for (let time = 0; time < 10; time += 1) assert.equal((await guess(`_hidden-${time}`)).status, 422)
  assert.equal((await guess('_hidden-10')).status, 429)
  assert.equal((await guess('203.0.113.7')).status, 422)
  assert.ok((await auditRowsOf(demo)).every(({ address }) => ['unknown', '203.0.113.7'].includes(address ?? '')))
})

test('[ADDR-4] the first X-Forwarded-For without trusted proxies causes the only warning', async (t) => {
  const demo = await startDemo(t)
  const warnings = () => demo.log.filter((line) => line.includes('X-Forwarded-For'))
  await demo.visitor().get('/')
  assert.deepEqual(warnings(), [])
  for (let time = 0; time < 3; time += 1) await demo.visitor().get('/', { 'X-Forwarded-For': '203.0.113.7' })
  assert.equal(warnings().length, 1)
  assert.match(String(warnings()[0]), /set TRUST_PROXY to the number of your reverse proxies/)

  const trusting = await startDemo(t, { trustProxyHops: 1 })
  await trusting.visitor().get('/', { 'X-Forwarded-For': '203.0.113.7' })
  assert.ok(!trusting.log.join().includes('proxy.untrusted'))
})
