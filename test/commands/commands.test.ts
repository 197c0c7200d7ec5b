import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import test, { type TestContext } from 'node:test'
import Database from 'better-sqlite3'
import { Questions } from '../../src/commands/questions.ts'
import { type Ended, Program, settingsIn, startServerProcess, temporaryFolder } from '../support/process.ts'
import { Visitor } from '../support/visitor.ts'

const MIA = ['', 'Mia', 'Stone', 'mia@crm.example', 'manager', 'four blue windows', 'four blue windows']

test('user:add creates an account that can log in at once, also while the server runs', async (t) => {
  const env = settingsIn(temporaryFolder(t))
  const server = await startServerProcess(t, { env })
  const { code, stdout, stderr } = await userAdd(t, env, MIA)
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  assert.match(stdout, /Mia Stone can log in as manager with userId 7\./)

  const visitor = new Visitor(server.url)
  await visitor.logInWell(7, 'four blue windows')
  assert.match((await visitor.get('/authenticationOK.shtml')).text, /Mia Stone/)
  await server.program.stop()
})

test('[PASS-1] user:add refuses invalid input and says why', async (t) => {
  const folder = temporaryFolder(t)
  const env = settingsIn(folder)
  const refusals: [answers: string[], reason: RegExp][] = [
    [answersWith(5, 'short', 'short'), /at least 8/],
    [answersWith(5, 'x'.repeat(73), 'x'.repeat(73)), /73 bytes/],
    [answersWith(5, 'four blue windows', 'another password'), /differ/],
    [answersWith(5, 'mia-stone-mia'), /mainly of your name/],
    [answersWith(4, 'king'), /role/i],
    [answersWith(3, 'nowhere'), /e-mail/],
    [answersWith(0, '4'), /4 is taken/],
    [answersWith(0, 'four'), /userId/],
    [MIA.slice(0, 3), /Not all questions were answered/],
  ]
  for (const [answers, reason] of refusals) {
    const { code, stderr } = await userAdd(t, env, answers)
    assert.equal(code, 1, stderr)
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
    assert.match(stderr, reason)
  }
  assert.equal(count(join(folder, 'crm.sqlite'), 'sales_persons'), 6)
})

test('in production a password has 15 characters or more, and the first account is number 1', async (t) => {
  const folder = temporaryFolder(t)
  const env = {
    ...settingsIn(folder),
    PROFILE: 'production',
    PUBLIC_URL: 'https://crm.example.com',
    SMTP_URL: 'smtp://localhost',
  }
  assert.match((await userAdd(t, env, answersWith(5, '14 characters.', '14 characters.'))).stderr, /at least 15/)
  assert.match((await userAdd(t, env, MIA)).stdout, /with userId 1\./)
  assert.equal(count(join(folder, 'crm.sqlite'), 'customers'), 0)
})

test('the terminal does not echo a typed password, but echoes all other input', async () => {
  const input = new PassThrough()
  const output = new PassThrough().setEncoding('utf8')
  let shown = ''
  output.on('data', (text: string) => {
    shown += text
  })
  const questions = new Questions(input, output, { terminal: true })
  const type = (asked: Promise<string>, text: string) => {
    input.write(`${text}\r`)
    return asked
  }
  assert.equal(await type(questions.ask('Name: '), 'Mia'), 'Mia')
  assert.equal(await type(questions.askSecretly('Password: '), ' correct horse '), ' correct horse ')
  questions.close()
  output.end()
  await once(output, 'end')
  assert.match(shown, /Name: .*Mia[\s\S]*Password: /)
  assert.doesNotMatch(shown, /correct|horse/)
})

test('demo:reset deletes all changes and logs out all users', async (t) => {
  const folder = temporaryFolder(t)
  const env = { ...settingsIn(folder), SESSION_CLOSE_ON_STOP: 'false' }
  await userAdd(t, env, MIA)
  const server = await startServerProcess(t, { env })
  await new Visitor(server.url).logInWell(7, 'four blue windows')
  await server.program.stop()

  const { code, stdout, stderr } = await demoReset(t, env)
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  for (const name of ['crm.sqlite', 'sessions.sqlite']) assert.match(stdout, new RegExp(`deleted .*${name}`))
  assert.equal(count(join(folder, 'crm.sqlite'), 'sales_persons'), 6)
  assert.equal(existsSync(join(folder, 'sessions.sqlite')), false)
})

test('demo:reset deletes nothing while a server runs, in production, or from a file that is not the demo’s', async (t) => {
  const folder = temporaryFolder(t)
  const env = settingsIn(folder)
  const server = await startServerProcess(t, { env })
  const visitor = new Visitor(server.url)
  await visitor.logInWell(4)
  assertRefused(await demoReset(t, env), /A server is using .*crm\.sqlite/)
  assert.equal((await visitor.get('/customers')).status, 200)
  await server.program.stop()

  assertRefused(
    await demoReset(t, {
      ...env,
      PROFILE: 'production',
      PUBLIC_URL: 'https://crm.example.com',
      SMTP_URL: 'smtp://localhost',
    }),
    /refuses in the production profile/,
  )
  const foreign = join(folder, 'photos.sqlite')
  const database = new Database(foreign)
  database.exec('CREATE TABLE photos (name TEXT)')
  database.close()
  const before = readFileSync(foreign)
  assertRefused(await demoReset(t, { ...env, DATABASE_URL: `sqlite:${foreign}` }), /is not a database of this demo/)
  assert.deepEqual(readTables(foreign), ['photos'])
  assert.equal(readFileSync(foreign).length, before.length)
})

function answersWith(position: number, ...answers: string[]): string[] {
  return MIA.toSpliced(position, answers.length, ...answers)
}

function userAdd(t: TestContext, env: Record<string, string>, answers: string[]): Promise<Ended> {
  return new Program(t, { entry: 'src/commands/user-add.ts', env }).run(answers.map((line) => `${line}\n`).join(''))
}

function demoReset(t: TestContext, env: Record<string, string>): Promise<Ended> {
  return new Program(t, { entry: 'src/commands/demo-reset.ts', env }).run()
}

function assertRefused({ code, stdout, stderr }: Ended, reason: RegExp): void {
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
  assert.match(stderr, reason)
}

function count(file: string, table: string): unknown {
  const database = new Database(file, { readonly: true })
  try {
    return database.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
  } finally {
    database.close()
  }
}

function readTables(file: string): unknown[] {
  const database = new Database(file, { readonly: true })
  try {
    return database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all()
  } finally {
    database.close()
  }
}
