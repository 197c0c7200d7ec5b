import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSessions, type SessionOptions } from '../../../src/session/index.ts'
import { requirePrivilege } from '../../../src/session/koa/index.ts'
import { memoryStore } from '../../../src/session/stores/memory/index.ts'

const good = (): SessionOptions => ({ appName: 'TEST', store: memoryStore(), roles: { clerk: ['view'] } })

test('invalid options are refused with an error that says what to do', () => {
  const codec = { tag: 'date', test: () => false, encode: () => '', decode: () => new Date() }
  const wrong: [object, RegExp][] = [
    [{ appName: '' }, /appName: 1 to 40 letters/],
    [{ appName: 'a b' }, /appName.*"a b"/],
    [{ appName: 'x'.repeat(41) }, /appName/],
    [{ appName: 7 }, /appName.*got 7/],
    [{ store: undefined }, /store: pass a store/],
    [{ store: {} }, /store: pass a store/],
    [{ guests: 'always' }, /guests: 'first-request' or 'first-write'/],
    [{ tokenPrefix: 'CRM_' }, /tokenPrefix: 1 to 41 lower-case letters/],
    [{ tokenPrefix: '' }, /tokenPrefix/],
    [{ secureCookie: 'no' }, /secureCookie: true or false/],
    [{ closeOnStop: 1 }, /closeOnStop: true or false/],
    [{ idleTimeoutMinutes: 0 }, /idleTimeoutMinutes: a number of minutes from 1 up to 52560000 \(100 years\), got 0/],
    [{ idleTimeoutMinutes: Number.NaN }, /idleTimeoutMinutes.*NaN/],
    [{ idleTimeoutMinutes: '60' }, /idleTimeoutMinutes.*"60"/],
    [{ minIdleTimeoutMinutes: 0 }, /minIdleTimeoutMinutes: a number of minutes from 1 up.*got 0/],
    [{ absoluteHours: { web: -1 } }, /absoluteHours\.web: a number of hours from 0 up/],
    [{ sessionTimeoutMinutes: -1 }, /sessionTimeoutMinutes/],
    [{ maxSessions: 0 }, /maxSessions: a whole number from 1 up to 1000000000, got 0/],
    [{ maxSessions: Number.MAX_VALUE }, /maxSessions: .* got 1\.797/],
    [{ maxSessions: 2.5 }, /maxSessions: a whole number .* got 2\.5/],
    [{ maxSessions: '5' }, /maxSessions: .* got "5"/],
    [{ maxGuests: 1e300 }, /maxGuests: a whole number from 0 up .* got 1e\+300/],
    [{ maxSessionsPerUser: 1.5 }, /maxSessionsPerUser/],
    [{ maxCredentials: 2 ** 53 }, /maxCredentials/],
    [{ maxOTPs: Number.POSITIVE_INFINITY }, /maxOTPs/],
    [{ tokenPrefix: null }, /tokenPrefix: .* got null/],
    [{ codecs: null }, /codecs: a list of codecs, got null/],
    [{ storage: { cart: [] } }, /storage: pass storageOf<…>\(\)/],
    [{ storage: null }, /storage: pass storageOf<…>\(\)/],
    [{ maxStorageBytes: 1 }, /maxStorageBytes/],
    [{ maxStorageBytes: 1e10 }, /maxStorageBytes/],
    [{ codecs: 'date' }, /codecs: a list of codecs, got "date"/],
    [{ codecs: null }, /codecs: a list of codecs, got null/],
    [{ codecs: [null] }, /codecs\[0\]\.tag: a text, got undefined/],
    [{ codecs: [codec, { ...codec, tag: '' }] }, /codecs\[1\]\.tag: a text, got ""/],
    [{ codecs: [codec, { ...codec }] }, /codecs\[1\]\.tag: another codec has the tag "date" too/],
    ...(['test', 'encode', 'decode'] as const).map((name): [object, RegExp] => [
      { codecs: [{ ...codec, [name]: undefined }] },
      new RegExp(`codecs\\[0\\]\\.${name}: a codec needs the functions test, encode and decode`),
    ]),
  ]
  for (const [option, message] of wrong) {
    const options = { ...good(), ...option } as SessionOptions
    assert.throws(() => createSessions(options), { name: 'TypeError', message }, JSON.stringify(option))
  }
  assert.throws(() => createSessions(undefined as never), /createSessions\(\) needs options/)
})

test('createSessions does not change its options', () => {
  const options = Object.freeze({ ...good(), roles: Object.freeze({ clerk: Object.freeze(['view']) }) })
  const before = JSON.stringify(options)
  createSessions(options)
  assert.equal(JSON.stringify(options), before)
})

test('requirePrivilege says how to mount sessions() if it is not mounted, and reports SESSIONS_OFF on a server without sessions', async () => {
  const gate = requirePrivilege('view', { loginPath: '/login' })
  const context = (session: null | undefined) => ({
    method: 'GET',
    url: '/x',
    status: 404,
    redirect: () => {},
    ...(session === undefined ? {} : { session }),
  })
  const next = () => Promise.reject(new Error('let in'))
  await assert.rejects(gate(context(undefined), next), { name: 'TypeError', message: /mount sessions\(\) above it/ })
  await assert.rejects(gate(context(null), next), { code: 'SESSIONS_OFF', status: 503 })
})
