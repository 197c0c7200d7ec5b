import { AsyncLocalStorage } from 'node:async_hooks'
import { types } from 'node:util'
import type { SessionId } from '../record.ts'
import type { Clock } from './clock.ts'
import { SessionError } from './errors.ts'

/** What `use` is given: changes the copy of the storage that it gets. */
export type UseCallback<S, T> = (storage: S) => T | Promise<T>

/** How long the callback of `use` may take. */
const CALLBACK_SECONDS = 10

interface Frame {
  readonly id: SessionId
  readonly outer: Frame | undefined
  open: boolean
}

// What runs until its first await is known without help. Behind an await only AsyncLocalStorage knows, and while one is in use every
// promise of the process costs more: it is switched on for async callbacks alone, and off when the last one is done.
let current: Frame | undefined
const frames = new AsyncLocalStorage<Frame>()
let asyncFrames = 0

/**
 * Calls the use callback `change` with `storage`, for at most `CALLBACK_SECONDS`.
 * @throws SessionError USE_TIMEOUT, or what `change` throws.
 */
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

/** The reentrancy guard. @throws SessionError USE_NESTED inside a use callback of the same session: it would wait for itself. */
export function refuseNested(id: SessionId): void {
  for (let frame = openFrame(); frame; frame = frame.outer) {
    if (frame.open && frame.id === id) {
      throw new SessionError(
        'USE_NESTED',
        'A write inside the callback of use() on the same session would wait for itself. Change the storage that the callback was given, or write after use() has resolved.',
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
  // Not declared async, and yet a promise: a nested write behind its awaits is given up after the time limit.
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
          `The callback of use() took longer than ${CALLBACK_SECONDS} seconds. Its write was dropped; fetch what is slow before use() and only change storage inside.`,
        ),
      ),
    )
    running.then(resolve, reject).finally(cancel)
  })
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function'
}
