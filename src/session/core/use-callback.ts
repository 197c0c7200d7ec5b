import { AsyncLocalStorage } from 'node:async_hooks'
import { types } from 'node:util'
import type { SessionId } from '../record.ts'
import type { Clock } from './clock.ts'
import { SessionError } from './errors.ts'

export type UseCallback<S, T> = (storage: S) => T | Promise<T>

const CALLBACK_SECONDS = 10

interface Frame {
  readonly id: SessionId
  readonly outer: Frame | undefined
  open: boolean
}

// `current` is the frame of the callback that runs synchronously. AsyncLocalStorage finds the frame of an async
// callback after an await. AsyncLocalStorage slows down all promises of the process, so it is enabled only while an
// async callback runs.
let current: Frame | undefined
const frames = new AsyncLocalStorage<Frame>()
let asyncFrames = 0

/** @throws SessionError USE_TIMEOUT, or what `change` throws. */
export function runUseCallback<S, T>(
  clock: Clock,
  id: SessionId,
  change: UseCallback<S, T>,
  storage: S,
): T | Promise<T> {
  const frame: Frame = { id, outer: openFrame(), open: true }
  return types.isAsyncFunction(change)
    ? runAsync(clock, frame, change, storage)
    : runPlain(clock, frame, change, storage)
}

/** A write inside the callback of `use` on the same session would never finish. @throws SessionError USE_NESTED. */
export function refuseNested(id: SessionId): void {
  for (let frame = openFrame(); frame; frame = frame.outer) {
    if (frame.open && frame.id === id) {
      throw new SessionError(
        'USE_NESTED',
        'A write inside the callback of use() on the same session would never finish. Change the storage that the callback gets, or write after use() has resolved.',
      )
    }
  }
}

function openFrame(): Frame | undefined {
  let frame = current ?? (asyncFrames > 0 ? frames.getStore() : undefined)
  while (frame && !frame.open) frame = frame.outer
  return frame
}

function runPlain<S, T>(clock: Clock, frame: Frame, change: UseCallback<S, T>, storage: S): T | Promise<T> {
  const before = current
  current = frame
  let result: T | Promise<T>
  try {
    result = change(storage)
  } finally {
    current = before
    frame.open = false
  }
  // If a plain function returns a promise, a nested write after an await is not detected, and ends in USE_TIMEOUT.
  return isPromise(result) ? withinTime(clock, result) : result
}

async function runAsync<S, T>(clock: Clock, frame: Frame, change: UseCallback<S, T>, storage: S): Promise<T> {
  asyncFrames++
  const before = current
  current = undefined
  try {
    const running = frames.run(frame, change, storage)
    current = before
    return await withinTime(clock, running as Promise<T>)
  } finally {
    frame.open = false
    if (--asyncFrames === 0) frames.disable()
  }
}

function withinTime<T>(clock: Clock, running: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(CALLBACK_SECONDS * 1000, () =>
      reject(
        new SessionError(
          'USE_TIMEOUT',
          `The callback of use() took longer than ${CALLBACK_SECONDS} seconds, so its write was dropped. Fetch slow data before calling use().`,
        ),
      ),
    )
    running.then(resolve, reject).finally(cancel)
  })
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function'
}
