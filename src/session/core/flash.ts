import { typeOf } from '../known-options.ts'
import type { SessionRecord } from '../record.ts'
import { SessionError } from './errors.ts'
import { createSession } from './new-session.ts'
import type { RequestSession } from './request-session.ts'
import { EMPTY_STORAGE } from './storage.ts'
import { flashOf, withFlash } from './stored-text.ts'
import { updateRecord } from './update-record.ts'

// An application may never take its messages, so the number and the length are limited.
const MOST_MESSAGES = 10
const MAX_LENGTH = 1000

export function checkFlash(message: unknown, more: readonly unknown[]): void {
  if (typeof message !== 'string' || message === '' || more.length > 0) {
    const got = more.length > 0 ? `${more.length + 1} values` : message === '' ? 'an empty text' : typeOf(message)
    throw new TypeError(`flash() takes one text, got ${got}.`)
  }
  if (message.length > MAX_LENGTH)
    throw new SessionError(
      'STORAGE_TOO_LARGE',
      `A flash message has at most ${MAX_LENGTH} characters, got ${message.length}. Shorten the text.`,
    )
}

/** A further message removes the oldest message if the limit is reached. */
export async function queueFlash(request: RequestSession, message: string): Promise<void> {
  if (request.state.is === 'guest') {
    request.require('mayBegin')
    await createSession(request, { storage: withFlash(EMPTY_STORAGE, [message]) }, 'visit')
  } else {
    await updateRecord(request, ({ storage }) => ({
      changes: { storage: withFlash(storage, newest([...flashOf(storage), message])) },
      result: undefined,
    }))
  }
  request.flashes = newest([...request.flashes, message])
}

export function checkTaken(only: unknown): void {
  if (only !== undefined && !Array.isArray(only))
    throw new TypeError(`takeFlash() takes a list of texts, got ${typeOf(only)}.`)
}

/** HEAD, OPTIONS and prefetch requests take no messages, because the user does not see their responses. */
export async function takeFlash<M extends string>(request: RequestSession, only?: readonly M[]): Promise<M[]> {
  const isWanted = (message: string): message is M => !only || only.some((wanted) => wanted === message)
  if (request.exchange.linkUse === 'none' || !flashOf(request.record.storage).some(isWanted)) return []
  const taken = await updateRecord(request, ({ storage }) => {
    const flash = flashOf(storage)
    const rest = flash.filter((message) => !isWanted(message))
    const changes = rest.length === flash.length ? undefined : { storage: withFlash(storage, rest) }
    return { changes, result: flash.filter(isWanted) }
  })
  request.flashes = request.flashes.filter((message) => !isWanted(message))
  return taken
}

/**
 * Returns the messages that a session takes over from the session that it replaces. If the user stays the same, these
 * are all messages. Otherwise an attacker may have planted a message, so only the messages of this request remain.
 */
export function keptFlash({ flashes }: RequestSession, { storage }: SessionRecord, isSameUser: boolean): string[] {
  const stored = flashOf(storage)
  return isSameUser ? stored : flashes.filter((message) => stored.includes(message))
}

function newest(messages: readonly string[]): readonly string[] {
  return messages.slice(-MOST_MESSAGES)
}
