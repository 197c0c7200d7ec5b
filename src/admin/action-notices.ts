import { formatCount } from '../web/format.ts'

/** The notices that a page shows after an action. The URL of the page carries the key of the notice. */
const NOTICES = {
  ended: 'The session has ended on all its devices.',
  removed: 'The session had been replaced by a login already. Its record is removed.',
  gone: 'The session had ended before.',
  device: 'That device is signed out.',
  many: '',
} as const

export type Done = keyof typeof NOTICES

export function doneParameters(done: Done, ended?: number): string {
  return ended === undefined ? `done=${done}` : `done=${done}&ended=${ended}`
}

export function noticeOf({ done, ended }: { done?: unknown; ended?: unknown }): string {
  if (typeof done !== 'string' || !Object.hasOwn(NOTICES, done)) return ''
  if (done !== 'many') return NOTICES[done as Done]
  const number = typeof ended === 'string' && /^\d{1,9}$/.test(ended) ? Number(ended) : 0
  return number === 0
    ? 'There was nothing left to end.'
    : `${formatCount(number, 'session has', 'sessions have')} ended. Yours goes on.`
}
