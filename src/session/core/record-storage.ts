import type { SessionRecord } from '../record.ts'
import { SessionError } from './errors.ts'
import type { Policy } from './options.ts'
import { deepFreeze, type StorageFormat } from './storage.ts'
import { storageNewer, upgraded } from './storage-versions.ts'
import { FLASH, flashOf, joinVersion, splitVersion, withFlash } from './stored-text.ts'

/** The key of a rest session's variables. They are no data of the application, so `upgrade` does not get them. */
export const VARIABLES = 'sessionVars'

type Stored = Pick<SessionRecord, 'kind' | 'storage'>

/** Reads and writes the field `storage` of a record. */
export interface RecordStorage {
  /**
   * Returns a new copy that the caller may change.
   * @throws SessionError STORAGE_UNREADABLE, STORAGE_NEWER, STORAGE_NOT_UPGRADED.
   */
  read(record: Stored): object
  /** Returns the frozen storage. Requests that got the same record object share it. @throws SessionError like `read`. */
  readFrozen(record: SessionRecord): object
  /**
   * Returns the text to store instead of the record's text. The flash messages stay.
   * @throws SessionError VALUE_NOT_SHAREABLE, STORAGE_TOO_LARGE.
   */
  write(storage: object, record: Stored): string
  /**
   * Returns the text for a session that replaces this session, without flash messages. With `true`, the data keeps its
   * version, so newer data is kept too.
   * @throws SessionError like `read` and `write`.
   */
  kept(record: Stored, keep: true | readonly string[]): string
  /** Describes the storage at its stored version. The bytes are the bytes of its JSON. */
  describe(record: Stored): { isReadable: boolean; keys: string[]; bytes: number }
}

export function recordStorage(
  format: StorageFormat,
  { versions, codecs }: Pick<Policy, 'versions' | 'codecs'>,
): RecordStorage {
  const frozenStorages = new WeakMap<SessionRecord, object>()
  const current = versions?.version ?? 0

  function read({ kind, storage: text }: Stored): object {
    const { version, json } = splitVersion(text)
    if (version > current) throw storageNewer(version, current)
    const storage = format.decode(json) as Record<string, unknown>
    delete storage[FLASH]
    if (versions === undefined || version === current || !hasData(kind, storage)) return storage
    if (kind !== 'rest' || !Object.hasOwn(storage, VARIABLES)) return upgraded(format, versions, storage, version)
    const { [VARIABLES]: variables, ...own } = storage
    return { ...upgraded(format, versions, own, version), [VARIABLES]: variables }
  }

  function write(storage: object, { kind, storage: before }: Stored): string {
    if (Object.hasOwn(storage, FLASH))
      throw new SessionError('VALUE_NOT_SHAREABLE', `storage.${FLASH}: this key is reserved. Call session.flash().`)
    const json = format.encode(storage)
    const text = joinVersion(hasData(kind, storage) ? current : 0, json)
    const flash = flashOf(before)
    return flash.length === 0 ? text : withFlash(text, flash)
  }

  return {
    read,
    readFrozen(record) {
      const known = frozenStorages.get(record)
      if (known) return known
      const frozen = deepFreeze(read(record))
      // Values of a codec are not frozen, so requests must not share them.
      if (codecs.length === 0) frozenStorages.set(record, frozen)
      return frozen
    },
    write,
    kept(record, keep) {
      const { version, json } = splitVersion(record.storage)
      if (keep === true) {
        if (version <= current) format.decode(json)
        return withoutFlash(record.storage)
      }
      const kept = Object.entries(read(record)).filter(([key]) => keep.includes(key))
      return withoutFlash(write(Object.fromEntries(kept), record))
    },
    describe({ storage: text }) {
      const storage = format.tryDecode(splitVersion(text).json)
      const keys = Object.keys(storage ?? {}).filter((key) => key !== FLASH)
      return {
        isReadable: storage !== undefined,
        keys,
        bytes: Buffer.byteLength(splitVersion(withoutFlash(text)).json),
      }
    },
  }
}

function withoutFlash(text: string): string {
  return flashOf(text).length === 0 ? text : withFlash(text, [])
}

/** Whether the storage holds data of the application. Such data has a version. */
function hasData(kind: SessionRecord['kind'], storage: object): boolean {
  return Object.entries(storage).some(([key, value]) => value !== undefined && !(kind === 'rest' && key === VARIABLES))
}
