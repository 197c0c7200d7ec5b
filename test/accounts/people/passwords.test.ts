import assert from 'node:assert/strict'
import test from 'node:test'
import { createPasswords, passwordProblem } from '../../../src/accounts/index.ts'
import work, { type PasswordTask } from '../../../src/accounts/people/password-worker.ts'
import { startDemo } from '../../support/demo.ts'

test('[CRM-8] the accounts have bcrypt hashes with the configured cost, each with its own salt', async (t) => {
  const { parts } = await startDemo(t, { bcryptCost: 5 })
  const rows = await parts.database.selectFrom('sales_persons').select('password').execute()
  for (const { password } of rows) assert.match(password, /^\$2b\$05\$.{53}$/)
  assert.equal(new Set(rows.map(({ password }) => password)).size, 6)
})

test('[CRM-8] a password that bcrypt would truncate is refused with the reason', async (t) => {
  const passwords = createPasswords({ cost: 4 })
  t.after(() => passwords.close())
  const longest = 'é'.repeat(36)
  assert.equal(passwordProblem(longest), undefined)
  assert.match(passwordProblem(`${longest}x`) ?? '', /73 bytes long; at most 72/)
  await assert.rejects(passwords.hash(`${longest}x`), /73 bytes long/)
  await assert.rejects(passwords.hash('a\0b'), /cannot be kept/)

  const hash = await passwords.hash(longest)
  assert.equal(await passwords.verify(longest, hash), true)
  assert.equal(await passwords.verify(`${longest}x`, hash), false, 'the same first 72 bytes are not enough')
  const short = await passwords.hash('a')
  assert.equal(await passwords.verify('a\0a', short), false)
})

test('a password is compared exactly, but composed and decomposed characters are equal', async (t) => {
  const passwords = createPasswords({ cost: 4 })
  t.after(() => passwords.close())
  const hash = await passwords.hash('Café crème')
  assert.equal(await passwords.verify('Café crème'.normalize('NFD'), hash), true)
  for (const other of ['café crème', 'Café crème ', ' Café crème', 'Cafe creme', ''])
    assert.equal(await passwords.verify(other, hash), false, other)
})

test('an unknown userId takes the same password-hashing work as a wrong password', async () => {
  const done: PasswordTask[] = []
  const passwords = createPasswords({ cost: 6 }, () => ({
    queueSize: 0,
    async run(task) {
      done.push(task)
      return work(task)
    },
    async close() {},
  }))
  const hash = await passwords.hash('right')
  const costOf = async (password: string, against: string | undefined) => {
    done.length = 0
    assert.equal(await passwords.verify(password, against), false)
    return done.map((task) => (task.kind === 'compare' ? task.hash.slice(0, 7) : task.kind))
  }
  const wrong = await costOf('wrong', hash)
  assert.deepEqual(wrong, ['$2b$06$'])
  assert.deepEqual(await costOf('wrong', undefined), wrong)
  assert.deepEqual(await costOf('x'.repeat(500), hash), wrong)
  assert.deepEqual(await costOf('', undefined), wrong)
})

test('a damaged hash matches no password', async (t) => {
  const passwords = createPasswords({ cost: 4 })
  t.after(() => passwords.close())
  for (const hash of ['', 'x', '$2b$04$', '$2b$04$short', 'crm-demo'])
    assert.equal(await passwords.verify('crm-demo', hash), false, hash)
})

test('when the queue is full, further sign-ins get 503 at once, and waiting sign-ins are not delayed', async (t) => {
  const demo = await startDemo(t, { bcryptCost: 8 })
  const logins = Array.from({ length: 90 }, (_, index) => demo.visitor().logIn(100 + index, 'x'))
  const health = await demo.visitor().get('/healthz')
  assert.equal(health.status, 200)
  const answers = await Promise.all(logins)
  const turnedAway = answers.filter(({ status }) => status === 503)
  assert.ok(turnedAway.length > 0)
  assert.equal(turnedAway.length + answers.filter(({ status }) => status === 422).length, 90)
  for (const { headers } of turnedAway) assert.equal(headers['retry-after'], '5')
  assert.equal((await demo.visitor().logIn(100 + 89, 'x')).status, 422)
})
