import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { temporaryFolder } from '../support/process.js'
import { type CounterPage, startCounterServer } from './support/counter-server.js'

test('[STORAGE-4] 200 parallel increments of one session, spread over two processes, leave 200', async (scope) => {
  const file = join(temporaryFolder(scope), 'sessions.sqlite')
  const one = await startCounterServer(scope, file)
  const two = await startCounterServer(scope, file)
  const browser = await one.signIn()
  const elsewhere = two.visit(browser)

  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, nth) => (nth % 2 === 0 ? browser : elsewhere).get('/count')),
  )

  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  const counts = answers.map(({ text }) => (JSON.parse(text) as CounterPage).storage.count)
  assert.deepEqual(
    counts.sort((a, b) => Number(a) - Number(b)),
    Array.from({ length: 200 }, (_, nth) => nth + 1),
  )
  assert.equal((await browser.read<CounterPage>('/read')).storage.count, 200)
  assert.equal((await elsewhere.read<CounterPage>('/read')).storage.count, 200)
})

test('[LIFE-3] a logout in one process stands, though a writer in the other one was inside meanwhile', async (scope) => {
  const file = join(temporaryFolder(scope), 'sessions.sqlite')
  const one = await startCounterServer(scope, file)
  const two = await startCounterServer(scope, file)
  const browser = await one.signIn()
  const elsewhere = two.visit(browser)
  const late = two.visit(browser)

  const writing = elsewhere.get('/wait-inside')
  await two.program.printed(/a writer is inside/)
  assert.equal((await browser.get('/logout')).status, 200)
  await two.visit().get('/open-door')

  assert.equal((await writing).status, 409)
  for (const visitor of [one.visit(late), late]) {
    const { isNew, userName, storage } = await visitor.read<CounterPage>('/read')
    assert.deepEqual({ isNew, userName, storage }, { isNew: true, userName: '', storage: {} })
  }
})

test('[MODE-5] two applications that share one file are strangers', async (scope) => {
  const file = join(temporaryFolder(scope), 'sessions.sqlite')
  const sales = await startCounterServer(scope, file, 'SALES')
  const stock = await startCounterServer(scope, file, 'STOCK')
  const seller = await sales.signIn()
  await seller.get('/count')
  const token = seller.cookies.get('4DSID_SALES') ?? ''
  assert.notEqual(token, '')

  const impostor = stock.visit()
  impostor.cookies.set('4DSID_STOCK', token)
  impostor.cookies.set('4DSID_SALES', token)
  const { isNew, userName, storage } = await impostor.read<CounterPage>('/read')
  assert.deepEqual({ isNew, userName, storage }, { isNew: true, userName: '', storage: {} })
  await impostor.get('/logout')
  await impostor.get('/login')
  await impostor.get('/logout')

  const { userName: stillThere, storage: kept } = await seller.read<CounterPage>('/read')
  assert.deepEqual({ stillThere, kept }, { stillThere: 'Ana Lima', kept: { count: 1 } })
})
