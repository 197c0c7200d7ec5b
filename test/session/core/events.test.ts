import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SessionEventName } from '../../../src/session/index.ts'
import { type Described, type Handler, PAGES, startLayer } from '../support/layer.ts'

const NAMES: SessionEventName[] = [
  'created',
  'secured',
  'privilegesChanged',
  'renewed',
  'ended',
  'detached',
  'linkCreated',
  'restored',
  'linkRefused',
  'credentialRefused',
]

test('[LIFE-9] every event names the user, the address, the request and the reason', async (t) => {
  const pages: Record<string, Handler> = {
    ...PAGES,
    '/link': (session) => session.createOTP(),
    '/lower': (session) => session.setPrivileges('viewStart'),
    '/clear': (session) => session.clearPrivileges(),
    '/renew': (session) => session.renew({ login: true }),
  }
  const { visitor, manager, clock } = await startLayer(t, pages, {
    requestId: (ctx) => String(ctx.get('X-Request')),
    maxSessionsPerUser: 2,
  })
  const heard: string[] = []
  const addresses = new Set<unknown>()
  for (const name of NAMES) {
    manager.on(name, (event) => {
      const { cause, userId } = event as {
        cause?: { requestId?: string; address?: string; byUserId?: string }
        userId?: string
      }
      const detail = 'reason' in event ? ` ${event.reason}` : 'others' in event ? ` ${event.others}` : ''
      if (cause?.requestId) addresses.add(cause.address)
      heard.push(`${event.type}${detail} ${userId ?? 'guest'} ${cause?.requestId ?? cause?.byUserId ?? 'by itself'}`)
    })
  }
  const during = async (path: string, who = ana) => {
    heard.length = 0
    const answer = await who.get(path, { 'X-Request': 'r1' })
    assert.equal(answer.status, 200, path)
    return [...heard]
  }
  const ana = visitor()
  assert.deepEqual(await during('/write'), ['created guest r1'])
  assert.deepEqual(await during('/login'), ['secured 4 r1', 'ended secured guest r1', 'privilegesChanged 4 r1'])
  assert.deepEqual(await during('/link'), ['linkCreated 4 r1'])
  assert.deepEqual(await during('/lower'), ['privilegesChanged 4 r1'])
  assert.deepEqual(await during('/lower'), [])
  assert.deepEqual(await during('/renew'), ['renewed keep 4 r1'])
  assert.deepEqual(await during('/clear'), ['privilegesChanged 4 r1'])
  assert.deepEqual(await during('/read?$4DSID=0123456789ABCDEF0123456789ABCDEF'), ['linkRefused 4 r1'])
  const { id } = await ana.read<Described>('/login')
  const phone = visitor()
  const link = await manager.createOTP(id)
  assert.deepEqual(await during(`/read?$4DSID=${link}`, phone), ['restored 4 r1'])
  heard.length = 0
  const handle = (await manager.get(id))?.devices.at(-1)?.handle ?? ''
  await manager.detach(id, handle, 'revoked', { cause: { byUserId: '6' } })
  await manager.end(id, 'revoked', { cause: { byUserId: '6' } })
  await manager.end(id)
  assert.deepEqual(heard, ['detached revoked 4 6', 'ended revoked 4 6'])
  await during('/logout')
  const others = [visitor(), visitor(), visitor()]
  const logins = []
  for (const other of others) logins.push(await during('/login', other))
  assert.deepEqual(logins.at(-1), ['created 4 r1', 'secured 4 r1', 'ended limit 4 by itself', 'privilegesChanged 4 r1'])
  heard.length = 0
  clock.advance({ hours: 2 })
  await manager.sweep()
  assert.deepEqual(heard, ['ended idle 4 by itself', 'ended idle 4 by itself'])
  assert.deepEqual([...addresses], ['127.0.0.1'])
})

test('no event contains a secret, a hash or a one-time token', async (t) => {
  const { visitor, manager, store } = await startLayer(t, { ...PAGES, '/link': (session) => session.createOTP() })
  const events: string[] = []
  for (const name of [...NAMES, 'changed', 'warning'] as const)
    manager.on(name, (event) => events.push(JSON.stringify(event)))
  const ana = visitor()
  await ana.read('/write')
  const { id } = await ana.read<Described>('/login')
  const token = await ana.read<string>('/link')
  const { token: bearer } = await manager.newToken('4', { name: 'Export' })
  const secrets = [
    ana.cookies.get('4DSID_TEST')?.split('.')[1] ?? assert.fail(),
    bearer.split('.')[1] ?? assert.fail(),
    token,
    ...((await store.credentials({ app: 'TEST', ids: [id] })).get(id) ?? []).map(({ hash }) => hash),
  ]
  await visitor().read(`/read?$4DSID=${token}`)
  await ana.read('/logout')
  const text = events.join('\n')
  assert.ok(events.length >= 8)
  for (const secret of secrets) assert.ok(secret.length > 20 && !text.includes(secret), text)
})

test('[CAP-7] a forged or unknown cookie or token causes one event without its value, and a recently ended one causes none', async (t) => {
  const { visitor, manager, clock } = await startLayer(t, PAGES)
  const heard: unknown[] = []
  manager.on('credentialRefused', ({ kind, reason, cause }) => heard.push(`${kind} ${reason} ${cause.address}`))
  const during = async (act: () => Promise<unknown>) => {
    heard.length = 0
    await act()
    return [...heard]
  }
  const ana = visitor()
  const cookie = async (value: string) => {
    ana.cookies.set('4DSID_TEST', value)
    return during(() => ana.get('/read'))
  }
  const token = (authorization: string | undefined) =>
    during(() => manager.resumeToken({ authorization, device: null, address: '::1', onClose() {} }))
  const { id } = await ana.read<Described>('/login')
  const value = ana.cookies.get('4DSID_TEST') ?? ''
  const { token: bearer } = await manager.newToken('4', { name: 'Export' })

  assert.deepEqual(await cookie(value), [])
  assert.deepEqual(await cookie(`${id}.${'x'.repeat(43)}`), ['cookie unknown 127.0.0.1'])
  assert.deepEqual(await cookie('forged'), ['cookie malformed 127.0.0.1'])
  assert.deepEqual(await cookie(`forged; 4DSID_TEST=other; 4DSID_TEST=${value}`), ['cookie malformed 127.0.0.1'])
  assert.deepEqual(await cookie(bearer.slice(bearer.indexOf('_') + 1)), ['cookie unknown 127.0.0.1'])
  assert.deepEqual(await cookie(Array.from({ length: 6 }, (_, n) => `4DSID_TEST=${n}`).join('; ')), [
    'cookie malformed 127.0.0.1',
  ])
  assert.deepEqual(await token(undefined), [])
  assert.deepEqual(await token(`Bearer ${bearer}`), [])
  assert.deepEqual(await token(`Bearer ${bearer.slice(0, -1)}_`), ['bearer unknown ::1'])
  assert.deepEqual(await token(`Bearer test_${value}`), ['bearer unknown ::1'])
  assert.deepEqual(await token('Bearer forged'), ['bearer malformed ::1'])

  await manager.end(id)
  clock.advance({ seconds: 80 })
  assert.deepEqual(await cookie(value), [])
  clock.advance({ seconds: 20 })
  assert.deepEqual(await cookie(value), ['cookie unknown 127.0.0.1'])
})
