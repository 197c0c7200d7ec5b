import assert from 'node:assert/strict'
import test from 'node:test'
import { manualClock } from '../../src/session/testing/manual-clock.ts'
import { singleFlightCache } from '../../src/web/single-flight-cache.ts'

function slowAnswer() {
  const clock = manualClock()
  const asked: PromiseWithResolvers<string>[] = []
  const ask = () => {
    const question = withResolvers<string>()
    asked.push(question)
    return question.promise
  }
  const keptMilliseconds = (took: number) => 1000 + took
  return { clock, asked, answer: singleFlightCache(ask, { clock, patienceMilliseconds: 2000, keptMilliseconds }) }
}

test('a hundred concurrent callers share one call and its answer', async () => {
  const { asked, answer } = slowAnswer()
  const waiting = Array.from({ length: 100 }, () => answer())
  assert.equal(asked.length, 1)
  asked[0]?.resolve('fine')
  for (const outcome of await Promise.all(waiting)) assert.deepEqual(outcome, { is: 'answer', value: 'fine' })
  assert.deepEqual(await answer(), { is: 'answer', value: 'fine' })
  assert.equal(asked.length, 1)
})

test('an answer is cached for a time that grows with the duration of the call, and then the next caller calls again', async () => {
  const { clock, asked, answer } = slowAnswer()
  const first = answer()
  clock.advance({ milliseconds: 500 })
  asked[0]?.resolve('fine')
  await first
  clock.advance({ milliseconds: 1499 })
  await answer()
  assert.equal(asked.length, 1)
  clock.advance({ milliseconds: 1 })
  const next = answer()
  assert.equal(asked.length, 2)
  asked[1]?.resolve('better')
  assert.deepEqual(await next, { is: 'answer', value: 'better' })
})

test('callers wait at most until the timeout, share a failure like an answer, and get no exception in either case', async () => {
  const { clock, asked, answer } = slowAnswer()
  const silent = answer()
  clock.advance({ milliseconds: 2000 })
  assert.deepEqual(await silent, { is: 'silence' })
  assert.deepEqual(await answer(), { is: 'silence' }, 'and it is not asked again at once')
  clock.advance({ milliseconds: 1000 })
  const failing = answer()
  const error = new Error('down')
  asked[1]?.reject(error)
  assert.deepEqual(await failing, { is: 'failure', error })
  asked[0]?.reject(new Error('not observed'))
  const throws = singleFlightCache(() => assert.fail('at once'), {
    clock,
    patienceMilliseconds: 1,
    keptMilliseconds: () => 1,
  })
  assert.equal((await throws()).is, 'failure')
})

test('a late answer is cached for the next caller, unless a newer call has started', async () => {
  const { clock, asked, answer } = slowAnswer()
  const silent = answer()
  clock.advance({ milliseconds: 2000 })
  await silent
  asked[0]?.resolve('late')
  await asked[0]?.promise
  await null
  assert.deepEqual(await answer(), { is: 'answer', value: 'late' })
  assert.equal(asked.length, 1)

  clock.advance({ seconds: 10 })
  const again = answer()
  clock.advance({ milliseconds: 2000 })
  await again
  clock.advance({ milliseconds: 1000 })
  const newest = answer()
  asked[2]?.resolve('in time')
  assert.deepEqual(await newest, { is: 'answer', value: 'in time' })
  asked[1]?.resolve('too late')
  await asked[1]?.promise
  await null
  assert.deepEqual(await answer(), { is: 'answer', value: 'in time' })
})

interface PromiseWithResolvers<T> {
  promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let [resolve, reject]: [(value: T) => void, (error: unknown) => void] = [() => {}, () => {}]
  const promise = new Promise<T>((...settle) => {
    ;[resolve, reject] = settle
  })
  return { promise, resolve, reject }
}
