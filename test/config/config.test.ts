import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { ConfigError, readConfig } from '../../src/config/config.ts'
import { projectRoot } from '../../src/config/project-root.ts'

const PRODUCTION = { NODE_ENV: 'production', PUBLIC_URL: 'https://crm.example.com', SMTP_URL: 'smtp://localhost' }

test('without any setting the server is the documented demo on port 8044 of this machine', () => {
  const config = readConfig({})
  assert.deepEqual(config, {
    profile: 'demo',
    host: '127.0.0.1',
    port: 8044,
    portIsExplicit: false,
    publicUrl: undefined,
    platformPort: undefined,
    platformHost: '127.0.0.1',
    platformUrl: undefined,
    appName: 'Tessera',
    database: { kind: 'sqlite', file: join(projectRoot(), 'db', 'crm.sqlite') },
    sessionStore: { kind: 'sqlite', file: join(projectRoot(), 'db', 'sessions.sqlite') },
    sessions: 'scalable',
    guests: 'first-request',
    loginText: 'documented',
    linkMode: 'direct',
    sessionIdleMinutes: 60,
    sessionAbsoluteHours: 12,
    sessionTimeoutMinutes: undefined,
    sessionCloseOnStop: true,
    deviceBindingMinutes: 0,
    maxSessions: undefined,
    maxGuests: 10_000,
    maxSessionsPerUser: undefined,
    auditDays: 90,
    trustProxyHops: 0,
    bcryptCost: 12,
    smtpUrl: undefined,
    mailFrom: 'no-reply@crm.example',
    corsOrigins: [],
    keepAliveSeconds: 65,
    webConcurrency: 1,
    demoPublic: false,
    metricsToken: undefined,
    logLevel: 'warn',
    tls: undefined,
  })
})

test('the production profile has the secure settings, and NODE_ENV=production selects this profile', () => {
  const { profile, guests, loginText, linkMode, sessionCloseOnStop, logLevel, publicUrl } = readConfig(PRODUCTION)
  assert.deepEqual(
    { profile, guests, loginText, linkMode, sessionCloseOnStop, logLevel, publicUrl },
    {
      profile: 'production',
      guests: 'first-write',
      loginText: 'uniform',
      linkMode: 'confirm',
      sessionCloseOnStop: false,
      logLevel: 'info',
      publicUrl: 'https://crm.example.com',
    },
  )
})

test('each setting of a profile can be set on its own, and PROFILE overrides NODE_ENV', () => {
  const hardened = readConfig({ GUESTS: 'first-write', LOGIN_TEXT: 'uniform', SESSION_CLOSE_ON_STOP: 'false' })
  assert.equal(hardened.profile, 'demo')
  assert.equal(hardened.guests, 'first-write')
  assert.equal(hardened.loginText, 'uniform')
  assert.equal(hardened.sessionCloseOnStop, false)
  assert.equal(readConfig({ NODE_ENV: 'production', PROFILE: 'demo' }).profile, 'demo')
  assert.equal(readConfig({ ...PRODUCTION, GUESTS: 'first-request' }).guests, 'first-request')
})

test('[HOST-4] the default files of production are not those of the demo', () => {
  const demo = readConfig({})
  const production = readConfig(PRODUCTION)
  const files = [demo.database, demo.sessionStore, production.database, production.sessionStore]
  assert.equal(new Set(files.map((setting) => setting.kind === 'sqlite' && setting.file)).size, 4)
  const chosen = readConfig({ ...PRODUCTION, DATABASE_URL: 'sqlite:data/crm.sqlite' }).sessionStore
  assert.deepEqual(chosen, { kind: 'sqlite', file: join(projectRoot(), 'data', 'sessions.sqlite') })
})

test('[PUBLIC-1] a public demo has limits, and starts only in the demo profile without mail server', () => {
  const { demoPublic, guests, maxSessions, maxGuests } = readConfig({ DEMO_PUBLIC: 'true' })
  assert.deepEqual(
    { demoPublic, guests, maxSessions, maxGuests },
    { demoPublic: true, guests: 'first-write', maxSessions: 20_000, maxGuests: 5_000 },
  )
  assert.equal(readConfig(PRODUCTION).demoPublic, false)
  const refused = (env: Record<string, string>) => refusal({ DEMO_PUBLIC: 'true', ...env }).message
  assert.match(refused(PRODUCTION), /DEMO_PUBLIC: needs the demo profile/)
  assert.match(refused({ SMTP_URL: 'smtp://localhost' }), /SMTP_URL: .*mail to any address/)
  assert.match(refused({ MAX_SESSIONS_PER_USER: '5' }), /MAX_SESSIONS_PER_USER: .*sign each other out/)
  assert.match(refused({ SESSIONS: 'none' }), /SESSIONS: is none/)
})

test('an empty setting counts as unset', () => {
  assert.deepEqual(
    readConfig({ PORT: '', PUBLIC_URL: ' ', PROFILE: '', MAX_SESSIONS: '', TLS_CERT: '' }),
    readConfig({}),
  )
})

test('all problems are listed at once, one per line, without repeating the values', () => {
  const env = {
    PORT: '80x',
    HOST: 'http://here',
    PUBLIC_URL: 'crm.example.com',
    APP_NAME: 'my app',
    PROFILE: 'staging',
    DATABASE_URL: 'mysql://me:s3cret@db/crm',
    SESSION_STORE: 'memcached://:s3cret@cache',
    SESSION_IDLE_MINUTES: '30',
    SESSION_CLOSE_ON_STOP: 'maybe',
    MAX_SESSIONS: '0',
    BCRYPT_COST: '3',
    TLS_CERT: 'cert.pem',
    LOG_LEVEL: 'loud',
  }
  const { problems, message } = refusal(env)
  assert.deepEqual(problems.map((problem) => problem.split(':')[0]).sort(), [
    'APP_NAME',
    'BCRYPT_COST',
    'DATABASE_URL',
    'HOST',
    'LOG_LEVEL',
    'MAX_SESSIONS',
    'PORT',
    'PROFILE',
    'PUBLIC_URL',
    'SESSION_CLOSE_ON_STOP',
    'SESSION_IDLE_MINUTES',
    'SESSION_STORE',
    'TLS_KEY',
  ])
  assert.equal(message.split('\n').length, problems.length + 1)
  assert.doesNotMatch(message, /s3cret/)
})

test('production requires a public URL at which browsers can log in', () => {
  assert.match(refusal({ PROFILE: 'production' }).message, /PUBLIC_URL: is required in production/)
  assert.match(
    refusal({ ...PRODUCTION, PUBLIC_URL: 'http://crm.example.com' }).message,
    /PUBLIC_URL: must begin with https/,
  )
  for (const PUBLIC_URL of ['http://localhost:8044', 'http://127.0.0.1:8044', 'http://[::1]:8044'])
    assert.equal(readConfig({ ...PRODUCTION, PUBLIC_URL }).publicUrl, PUBLIC_URL)
})

test('production refuses cheap password hashes, except with NODE_ENV=test', () => {
  assert.match(refusal({ ...PRODUCTION, BCRYPT_COST: '9' }).message, /BCRYPT_COST: must be 10 or more/)
  assert.equal(readConfig({ ...PRODUCTION, BCRYPT_COST: '10' }).bcryptCost, 10)
  assert.equal(readConfig({ ...PRODUCTION, NODE_ENV: 'test', PROFILE: 'production', BCRYPT_COST: '4' }).bcryptCost, 4)
})

test('production sends real mail, and asks for the password on the page that the mailed link opens', () => {
  assert.match(refusal({ ...PRODUCTION, SMTP_URL: '' }).message, /SMTP_URL: is required in production/)
  assert.match(refusal({ ...PRODUCTION, LINK_MODE: 'direct' }).message, /LINK_MODE: must be confirm in production/)
  assert.equal(readConfig({ LINK_MODE: 'confirm' }).linkMode, 'confirm')
  assert.equal(readConfig(PRODUCTION).mailFrom, 'no-reply@crm.example.com')
  assert.equal(readConfig({ MAIL_FROM: 'CRM <a@b.example>' }).mailFrom, 'CRM <a@b.example>')
  for (const SMTP_URL of ['localhost:25', 'http://localhost', 'smtp://']) {
    assert.match(refusal({ SMTP_URL }).message, /SMTP_URL: use smtp:/)
  }
  for (const MAIL_FROM of ['nobody', 'a@b.example\r\nBcc: c@d.example', 'a@b.example, c@d.example'])
    assert.match(refusal({ MAIL_FROM }).message, /MAIL_FROM: use an address/)
})

test('the public address must be an origin: a trailing slash is removed, and a longer path is refused', () => {
  assert.equal(readConfig({ PUBLIC_URL: 'HTTPS://CRM.example.com:443/' }).publicUrl, 'https://crm.example.com')
  for (const PUBLIC_URL of [
    'https://a.test/crm',
    'https://me@a.test',
    'https://a.test?x',
    'https://a.test#',
    'ftp://a.test',
  ])
    assert.match(refusal({ PUBLIC_URL }).message, /^ {2}PUBLIC_URL: use /m, PUBLIC_URL)
})

test('sessions are stored in a file beside the CRM’s database, in memory like the database, or as configured, but never in the database’s file', () => {
  const sessionStore = (env: Record<string, string>) => readConfig(env).sessionStore
  assert.deepEqual(sessionStore({ DATABASE_URL: 'sqlite:/data/a.sqlite' }), {
    kind: 'sqlite',
    file: '/data/sessions.sqlite',
  })
  assert.deepEqual(sessionStore({ DATABASE_URL: 'sqlite::memory:' }), { kind: 'memory' })
  assert.deepEqual(sessionStore({ SESSION_STORE: 'memory' }), { kind: 'memory' })
  assert.deepEqual(sessionStore({ SESSION_STORE: 'sqlite:db/s.sqlite' }), {
    kind: 'sqlite',
    file: join(projectRoot(), 'db', 's.sqlite'),
  })
  const crm = 'postgres://crm:pw@db.example/crm'
  assert.deepEqual(sessionStore({ DATABASE_URL: crm }), { kind: 'postgres', url: crm })
  assert.deepEqual(sessionStore({ SESSION_STORE: 'redis://cache.example:6379' }), {
    kind: 'redis',
    url: 'redis://cache.example:6379',
  })
  assert.match(refusal({ SESSION_STORE: 'sqlite:db/crm.sqlite' }).message, /SESSION_STORE: is the file of DATABASE_URL/)
})

test('contradictory settings are refused', () => {
  assert.match(refusal({ MAX_SESSIONS: '5', MAX_GUESTS: '6' }).message, /MAX_GUESTS: is above MAX_SESSIONS/)
  const tls = { TLS_CERT: 'cert.pem', TLS_KEY: 'key.pem' }
  assert.match(refusal({ ...tls, PUBLIC_URL: 'http://localhost:8044' }).message, /PUBLIC_URL: begins with http:/)
  assert.deepEqual(readConfig(tls).tls, {
    certFile: join(projectRoot(), 'cert.pem'),
    keyFile: join(projectRoot(), 'key.pem'),
  })
})

test('[BIND-44] cookies are bound to keys only over https, and only if the setting asks for it', () => {
  assert.equal(readConfig(PRODUCTION).deviceBindingMinutes, 0)
  const DEVICE_BINDING_MINUTES = '10'
  assert.equal(readConfig({ ...PRODUCTION, DEVICE_BINDING_MINUTES }).deviceBindingMinutes, 10)
  assert.equal(readConfig({ TLS_CERT: 'c', TLS_KEY: 'k', DEVICE_BINDING_MINUTES }).deviceBindingMinutes, 10)
  assert.match(
    refusal({ DEVICE_BINDING_MINUTES }).message,
    /DEVICE_BINDING_MINUTES: needs https, .*an https PUBLIC_URL/,
  )
  assert.match(refusal({ ...PRODUCTION, DEVICE_BINDING_MINUTES: '4' }).message, /DEVICE_BINDING_MINUTES: is below 5/)
  assert.match(refusal({ DEVICE_BINDING_MINUTES: '61' }).message, /DEVICE_BINDING_MINUTES: use a whole number/)
})

test('portIsExplicit is true only if PORT is configured, and PORT must be a whole number', () => {
  assert.deepEqual([readConfig({ PORT: '8044' }).portIsExplicit, readConfig({}).portIsExplicit], [true, false])
  for (const PORT of ['-1', '65536', '8e3', '0x10', '80.5'])
    assert.match(refusal({ PORT }).message, /PORT: use a whole/)
})

test('CORS_ORIGINS is a list of origins', () => {
  const CORS_ORIGINS = 'https://app.example.com, http://localhost:3000'
  assert.deepEqual(readConfig({ CORS_ORIGINS }).corsOrigins, ['https://app.example.com', 'http://localhost:3000'])
  for (const wrong of ['*', 'app.example.com', 'https://app.example.com/path', 'https://a.example,'])
    assert.match(refusal({ CORS_ORIGINS: wrong }).message, /CORS_ORIGINS: use origins such as/)
})

test('METRICS_TOKEN must be long enough and must fit into a header', () => {
  const METRICS_TOKEN = 'b7Q2mZ0xk4Yt9Rw1'
  assert.equal(readConfig({ METRICS_TOKEN }).metricsToken, METRICS_TOKEN)
  for (const weak of ['short', 'fifteen-letters', 'with a space in it', 'umlaut-ä-umlaut-ä', 'x'.repeat(201)]) {
    const { message } = refusal({ METRICS_TOKEN: weak })
    assert.match(message, /METRICS_TOKEN: use 16 to 200/)
    assert.ok(!message.includes(weak))
  }
})

test('the configuration cannot be changed afterwards', () => {
  const config = readConfig({ TLS_CERT: 'c', TLS_KEY: 'k' })
  assert.throws(() => Object.assign(config, { port: 1 }), TypeError)
  assert.throws(() => Object.assign(config.sessionStore, { kind: 'memory' }), TypeError)
  assert.throws(() => Object.assign(config.tls ?? {}, { certFile: '' }), TypeError)
})

function refusal(env: Record<string, string>): ConfigError {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  assert.fail(`these settings were accepted: ${JSON.stringify(env)}`)
}

test('the external platform’s address must be an origin, and in production it must use https', () => {
  const platform = (env: Record<string, string>) => {
    const { platformPort, platformUrl } = readConfig(env)
    return { platformPort, platformUrl }
  }
  assert.deepEqual(platform({ PLATFORM_PORT: '9001', PLATFORM_URL: 'https://approve.example.com/' }), {
    platformPort: 9001,
    platformUrl: 'https://approve.example.com',
  })
  for (const PLATFORM_URL of ['approve.example.com', 'https://approve.example.com/path', 'ftp://approve.example.com'])
    assert.throws(() => platform({ PLATFORM_URL }), /PLATFORM_URL: use/, PLATFORM_URL)
  assert.throws(
    () => platform({ ...PRODUCTION, PLATFORM_URL: 'http://approve.example.com' }),
    /PLATFORM_URL: must begin with https:/,
  )
})

test('several processes cannot use a store in memory', () => {
  assert.equal(readConfig({ WEB_CONCURRENCY: '4' }).webConcurrency, 4)
  for (const store of ['memory', 'sqlite::memory:'])
    assert.match(refusal({ WEB_CONCURRENCY: '2', SESSION_STORE: store }).message, /SESSION_STORE: is memory/)
  assert.match(refusal({ WEB_CONCURRENCY: '2', DATABASE_URL: 'sqlite::memory:' }).message, /DATABASE_URL: is memory/)
  assert.equal(readConfig({ WEB_CONCURRENCY: '2', SESSION_STORE: 'memory', SESSIONS: 'none' }).webConcurrency, 2)
  assert.match(refusal({ WEB_CONCURRENCY: '0' }).message, /WEB_CONCURRENCY: use a whole number/)
})

test('[CAP-6] guests have a limit in the demo, and the sessions of a user have one in production', () => {
  const limits = (env: Record<string, string>) => {
    const { maxGuests, maxSessionsPerUser } = readConfig(env)
    return [maxGuests, maxSessionsPerUser]
  }
  assert.deepEqual(limits({}), [10_000, undefined])
  assert.deepEqual(limits({ MAX_SESSIONS: '5' }), [undefined, undefined], 'licences count guests too')
  assert.deepEqual(limits({ MAX_GUESTS: '7' }), [7, undefined])
  assert.deepEqual(limits(PRODUCTION), [undefined, 10])
})
