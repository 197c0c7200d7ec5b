import type { Credential, SessionRecord } from '../record.ts'
import type { BoundStore } from './bound-store.ts'
import { EMPTY_STORAGE, UNOPENED } from './storage.ts'

export interface Seal {
  /**
   * Encrypts a text before it is stored. `place` names the session and the part of the session. Authenticate `place` as
   * associated data, so that a sealed text cannot be opened in another place.
   */
  seal(text: string, place: string): string
  /** Returns the text that `seal` got. Throws if the text was changed, or was sealed for another place. */
  open(sealed: string, place: string): string
}

// Several sessions may end with one message, so its place names no session.
const MESSAGE = 'message'

/** @throws TypeError if only one function is given, or if `open` does not return what `seal` got. */
export function checkedSeal({ seal, open }: { seal?: unknown; open?: unknown }): Seal | undefined {
  if (seal === undefined && open === undefined) return undefined
  if (typeof seal !== 'function' || typeof open !== 'function')
    throw new TypeError('seal and open: pass both functions, or neither.')
  const [text, place] = ['{"seal":"ü"}', 'createSessions()']
  const sealed: unknown = seal(text, place)
  if (typeof sealed !== 'string' || open(sealed, place) !== text)
    throw new TypeError('seal and open: open(seal(text, place), place) must return the text. Both return a text.')
  return { seal: seal as Seal['seal'], open: open as Seal['open'] }
}

/** Seals the storage, the options of one-time links and the messages in the store. The caller sees only open texts. */
export function sealStore(store: BoundStore, { seal, open }: Seal): BoundStore {
  // A store may return one record object to several requests, so each record is opened once.
  const openedRecords = new WeakMap<SessionRecord, SessionRecord>()

  // The store itself writes an empty storage, so an empty storage is never sealed.
  const sealText = (text: string, place: string) => (text === EMPTY_STORAGE ? text : seal(text, place))
  const openText = (text: string, place: string) => {
    if (text === EMPTY_STORAGE) return text
    try {
      const opened: unknown = open(text, place)
      if (typeof opened === 'string') return opened
      throw new TypeError('it returned no text.')
    } catch (error) {
      return `${UNOPENED}${error instanceof Error ? error.message : String(error)}`
    }
  }
  const sealRecord = (record: SessionRecord) => ({
    ...record,
    storage: sealText(record.storage, storageOf(record.id)),
  })
  const openRecord = (record: SessionRecord) => {
    const known = openedRecords.get(record)
    if (known) return known
    const opened = { ...record, storage: openText(record.storage, storageOf(record.id)) }
    openedRecords.set(record, opened)
    return opened
  }
  const sealCredential = (id: string, credential: Credential) => withDetails(id, credential, sealText)
  const openCredential = (id: string, credential: Credential) => withDetails(id, credential, openText)
  const sealMessage = <C extends { message?: string | undefined }>(call: C): C =>
    call.message ? { ...call, message: seal(call.message, MESSAGE) } : call

  return {
    ...store,
    create: async (call) => store.create({ ...call, session: sealRecord(call.session) }),
    async find(call) {
      const found = await store.find(call)
      return found?.state === 'live' ? { ...found, session: openRecord(found.session) } : found
    },
    async get(call) {
      const record = await store.get(call)
      return record && openRecord(record)
    },
    async credentials(call) {
      const credentials = await store.credentials(call)
      return new Map([...credentials].map(([id, list]) => [id, list.map((one) => openCredential(id, one))]))
    },
    async update(call) {
      const { id, changes } = call
      const { storage } = changes
      return store.update(
        storage === undefined ? call : { ...call, changes: { ...changes, storage: sealText(storage, storageOf(id)) } },
      )
    },
    attach: async (call) => store.attach({ ...call, credential: sealCredential(call.id, call.credential) }),
    detach: async (call) => store.detach(sealMessage(call)),
    async findOTP(call) {
      const found = await store.findOTP(call)
      if (!found) return undefined
      const { session, credential } = found
      return { session: openRecord(session), credential: openCredential(session.id, credential) }
    },
    async redeem(call) {
      const record = await store.redeem(call)
      return record && openRecord(record)
    },
    replace: async (call) => store.replace({ ...call, session: sealRecord(call.session) }),
    end: async (call) => store.end(sealMessage(call)),
    endMany: async (call) => store.endMany(sealMessage(call)),
    remove: async (call) => store.remove(sealMessage(call)),
    async takeMessage(call) {
      const message = await store.takeMessage(call)
      const opened = message && openText(message, MESSAGE)
      return opened?.startsWith(UNOPENED) ? undefined : opened
    },
    async list(call) {
      const { sessions, ...next } = await store.list(call)
      return { ...next, sessions: sessions.map(openRecord) }
    },
  }
}

const storageOf = (id: string) => `${id} storage`

function withDetails(id: string, credential: Credential, change: (text: string, place: string) => string): Credential {
  const { kind, details, handle } = credential
  if (kind !== 'otp' || details === null) return credential
  return { ...credential, details: change(details, `${id} link ${handle}`) }
}
