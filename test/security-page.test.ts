import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { MAILED_LINK_SECONDS, mailedLinkSeconds } from '../src/accounts/mail/mailed-link.ts'
import { TOKEN_LIFETIMES } from '../src/accounts/own-account/api-token-form.ts'
import { MOST_TOKENS } from '../src/accounts/own-account/api-tokens.ts'
import { ResetLimit } from '../src/accounts/password-reset/reset-limit.ts'
import { type LimiterOptions, limiterInMemory } from '../src/accounts/people/limiter.ts'
import { KNOWN_DEVICE_DAYS, MOST_CONSECUTIVE_FAILURES } from '../src/accounts/people/login-history.ts'
import { SHORTEST_PASSWORD } from '../src/accounts/people/new-password.ts'
import { RESET_MILLISECONDS } from '../src/accounts/people/password-resets.ts'
import { LONGEST_PASSWORD_BYTES } from '../src/accounts/people/passwords.ts'
import { UsageLimit } from '../src/accounts/people/usage-limit.ts'
import { PENDING_MILLISECONDS } from '../src/accounts/people/users.ts'
import { RECENT_MINUTES } from '../src/accounts/sign-in/confirm-pages.ts'
import { LoginLimit } from '../src/accounts/sign-in/login-limit.ts'
import { REMEMBER_DAYS } from '../src/accounts/sign-in/login-pages.ts'
import { LinkLimit } from '../src/accounts/sign-up/link-limit.ts'
import { SignUpLimit } from '../src/accounts/sign-up/sign-up-limit.ts'
import { AUDIT_EVENTS } from '../src/audit/index.ts'
import { readConfig } from '../src/config/config.ts'
import { projectRoot } from '../src/config/project-root.ts'
import { LabLimit } from '../src/lab/lab-limit.ts'
import { DECISION_SECONDS } from '../src/operations/operations.ts'
import { readOptions } from '../src/session/core/options.ts'
import { memoryStore } from '../src/session/stores/memory/store.ts'
import { LINK_MINUTES } from '../src/tour/tour-pages.ts'
import { MOST_STREAMS } from '../src/web/event-streams.ts'

const PAGE = read('docs/security.md')
const CRYPTOGRAPHY =
  /\b(create(?:Hash|Hmac|Cipheriv|Sign)|random(?:Bytes|Int|UUID|Fill(?:Sync)?)|getRandomValues|timingSafeEqual|scrypt|pbkdf2|Math\.random|bcrypt\.\w+)\(|(?<![\w.#])hash\('(sha\d+)'/g

const LOG_EVENT = /\blog\.\w+\(\s*\{\s*event: '([^']+)'|\bevent: '([a-z]+(?:\.[a-z-]+)+)'/g

test('[DOC-1] the documented lifetimes and limits equal those in the code', () => {
  const demo = readConfig({ NODE_ENV: 'test' })
  const production = readConfig({
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://crm.example.com',
    SMTP_URL: 'smtp://localhost',
  })
  const layer = readOptions({ appName: 'CRM', store: memoryStore() })
  const row = (what: string, ...values: unknown[]) => [what, String(values[0]), String(values.at(-1))]
  const signUp = (name: string) => constantOf('src/accounts/sign-up/sign-up.ts', name)
  const api = (name: string) => constantOf('src/api/sign-in-endpoints.ts', name)
  const minutes = (count: number) => `${count} minutes`
  const hours = (count: number) => `${count} hours`
  const seconds = (count: number) => minutes(count / 60)
  const milliseconds = (count: number) => seconds(count / 1000)
  assert.deepEqual(cellsOf('lifetimes'), [
    row('a session without a request', ...[demo, production].map((config) => minutes(config.sessionIdleMinutes))),
    row('a session, in all', ...[demo, production].map((config) => hours(config.sessionAbsoluteHours))),
    row('a session with "Stay logged in", not of administrators', `${REMEMBER_DAYS} days`),
    row('a REST sign-in without a call', milliseconds(layer.idleMilliseconds.rest)),
    row('a REST sign-in without a call, if the client asks for it', hours(api('LONGEST_IDLE_SECONDS') / 3600)),
    row('a REST sign-in, in all', hours(layer.absoluteMilliseconds.rest / 3_600_000)),
    row('an API token', `${TOKEN_LIFETIMES.map(({ days }) => days).join(', ')} days`),
    row('a recent password', minutes(RECENT_MINUTES)),
    row('the link of a sign-up', ...[demo, production].map((config) => seconds(mailedLinkSeconds(config)))),
    row('the link to a new e-mail address', seconds(MAILED_LINK_SECONDS)),
    row('the link of a password reset', milliseconds(RESET_MILLISECONDS)),
    row('the link of the tour', minutes(LINK_MINUTES), 'none'),
    row('the token of an approval', seconds(DECISION_SECONDS)),
    row('an account that is not validated', hours(PENDING_MILLISECONDS / 3_600_000)),
    row('a known device', `${KNOWN_DEVICE_DAYS} days`),
    row('a row of the audit trail', ...[demo, production].map((config) => `${config.auditDays} days`)),
    row('characters of a new password, at least', SHORTEST_PASSWORD.demo, SHORTEST_PASSWORD.production),
    row('bytes of a password, at most', LONGEST_PASSWORD_BYTES),
    row('cost of a password hash', demo.bcryptCost, production.bcryptCost),
    row('passwords that wait to be verified', constantOf('src/accounts/people/passwords.ts', 'MOST_WAITING')),
    row('consecutive failures that lock an account on unknown devices', MOST_CONSECUTIVE_FAILURES),
    row('sessions of guests', demo.maxGuests, production.maxGuests ?? 'none'),
    row('sessions of a user', demo.maxSessionsPerUser ?? 'none', production.maxSessionsPerUser),
    row('devices of a session', layer.limits.credentials),
    row('valid one-time links of a session', layer.limits.otps),
    row('bytes of storage of a session', layer.maxStorageBytes),
    row('API tokens of a user', MOST_TOKENS),
    row('sign-ups of a session that wait', signUp('MOST_PER_SESSION')),
    row('sign-ups of an address that wait', 'the newest', signUp('MOST_PER_ADDRESS')),
    row('mails of a sign-up', signUp('MOST_MAILS_PER_SIGN_UP')),
    row('event streams of a session', MOST_STREAMS.session),
    row('event streams of the guests of an address', MOST_STREAMS.guests),
    row('event streams of an address', MOST_STREAMS.address),
    row('event streams of an IPv6 /48 network', MOST_STREAMS.site),
    row('event streams of a process', MOST_STREAMS.process),
  ])
})

test('[DOC-2] every limiter is documented with its points and its window', () => {
  const made: string[][] = []
  const record = (options: LimiterOptions) => {
    made.push([`\`${options.keyPrefix}\``, String(options.points), `${options.duration / 60} minutes`])
    return limiterInMemory(options)
  }
  for (const Limit of [LoginLimit, SignUpLimit, ResetLimit, LinkLimit, UsageLimit, LabLimit]) new Limit(record)
  assert.deepEqual(
    cellsOf('limiters').map(([counter, , ...numbers]) => [counter, ...numbers]),
    made,
  )
  const prefixes = sources().flatMap((file) =>
    [...read(file).matchAll(/keyPrefix: '([a-z-]+)'/g)].map(([, key]) => key),
  )
  assert.deepEqual(prefixes.filter((key) => !made.some(([counter]) => counter === `\`${key}\``)).sort(), [])
})

test('[DOC-3] every use of cryptography and of random numbers in the source is documented', () => {
  const used = sources().flatMap((file) => {
    const names = [...code(file).matchAll(CRYPTOGRAPHY)].map(([, call, digest]) => call ?? `hash ${digest}`)
    return names.length === 0 ? [] : [[file, [...new Set(names)].sort().join(', ')]]
  })
  assert.deepEqual(
    cellsOf('cryptography')
      .map(([file, names]) => [file, names].map((cell) => cell?.replaceAll('`', '')))
      .sort(),
    used.sort(),
  )
})

test('[DOC-5] every event of the audit trail and of the log is documented', () => {
  assert.deepEqual(
    cellsOf('audit events'),
    Object.entries(AUDIT_EVENTS).map(([event, name]) => [`\`${event}\``, name]),
  )
  const events = sources().flatMap((file) =>
    [...read(file).matchAll(LOG_EVENT)].map(([, logged, dotted]) => logged ?? dotted),
  )
  assert.deepEqual(
    cellsOf('log events').map(([event]) => event?.replaceAll('`', '')),
    [...new Set(events)].sort(),
  )
})

/** The cells of the table between the markers of `name`, without the heads. */
function cellsOf(name: string): string[][] {
  const [, table = ''] = new RegExp(`<!-- ${name}: begin -->\n([\\s\\S]*?)<!-- ${name}: end -->`).exec(PAGE) ?? []
  const rows = table.trim().split('\n').slice(2)
  assert.ok(rows.length > 5, `the table ${name} was not found`)
  return rows.map((row) => row.slice(2, -2).split(' | '))
}

/** The value of a constant that the module does not export: a product of numbers. */
function constantOf(file: string, name: string): number {
  const [, product = ''] = new RegExp(`const ${name} = ([\\d_ *]+)$`, 'm').exec(read(file)) ?? []
  assert.notEqual(product, '', `${file} has no constant ${name}`)
  return product.split('*').reduce((value, factor) => value * Number(factor.replaceAll('_', '')), 1)
}

function sources(): string[] {
  return ['src', 'db'].flatMap((folder) =>
    readdirSync(join(projectRoot(), folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith(join('session', 'testing')))
      .map((file) => join(folder, file).replaceAll('\\', '/')),
  )
}

function code(file: string): string {
  return read(file)
    .split('\n')
    .filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line))
    .join('\n')
}

function read(file: string): string {
  return readFileSync(join(projectRoot(), file), 'utf8')
}
