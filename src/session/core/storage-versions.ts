import { isPlainObject, typeOf } from '../known-options.ts'
import { SessionError } from './errors.ts'
import type { StorageFormat } from './storage.ts'

/** Upgrades stored data of an older version. */
export interface StorageVersions<S extends object> {
  /** The version of the data that this release of the application writes: a whole number from 1. */
  version: number
  /**
   * Returns the storage of the current version. `old` is a copy that the function may change. `version` is the version
   * of `old`, and 0 for data that was stored without a version. The function runs each time the data is read, until the
   * next write stores its result. It must therefore have no side effects.
   */
  upgrade(old: Record<string, unknown>, version: number): S
}

/** The type of the storage, and optionally its version. */
export type StorageType<S extends object> = Partial<StorageVersions<S>> & { readonly type?: (storage: S) => S }

/**
 * Declares the type of the storage in the option `storage`, so that TypeScript still infers roles and privileges.
 * @example
 * storageOf<ShopStorage>({ version: 2, upgrade: (old, version) => ({ cart: version < 1 ? [] : old.items }) })
 */
export function storageOf<S extends object>(versions?: StorageVersions<S>): StorageType<S> {
  return versions ?? {}
}

/** Returns undefined for data without versions. @throws TypeError for an invalid option `storage`. */
export function checkedVersions(storage: unknown): StorageVersions<object> | undefined {
  if (storage === undefined) return undefined
  // Values in `storage` would have no effect, because `storageOf` passes only a type.
  const names = isPlainObject(storage) ? Object.keys(storage) : ['']
  if (names.some((name) => name !== 'version' && name !== 'upgrade'))
    throw new TypeError('storage: pass storageOf<…>(), which gives the type of the storage and no values.')
  if (names.length === 0) return undefined
  const { version, upgrade } = storage as Partial<StorageVersions<object>>
  if (!Number.isSafeInteger(version) || (version as number) < 1)
    throw new TypeError(`storage: version is a whole number from 1, got ${String(version)}.`)
  if (typeof upgrade !== 'function')
    throw new TypeError(`storage: upgrade is a function (old, version) => storage, got ${typeOf(upgrade)}.`)
  return { version: version as number, upgrade }
}

/**
 * Returns a copy of what `upgrade` returns, because `upgrade` may return the same object for several sessions.
 * @throws SessionError STORAGE_NOT_UPGRADED.
 */
export function upgraded(
  format: StorageFormat,
  { version: current, upgrade }: StorageVersions<object>,
  old: Record<string, unknown>,
  version: number,
): object {
  try {
    const storage: unknown = upgrade(old, version)
    // Nothing else handles the rejection of an async function, and an unhandled rejection ends the process.
    if (storage instanceof Promise) storage.catch(() => {})
    if (!isPlainObject(storage)) throw new TypeError(`upgrade() must return the new storage, got ${typeOf(storage)}.`)
    return format.decode(format.encode(storage))
  } catch (cause) {
    throw new SessionError(
      'STORAGE_NOT_UPGRADED',
      `The storage of this session has version ${version} and could not be upgraded to version ${current}. Nothing was changed.`,
      { cause },
    )
  }
}

export function storageNewer(version: number, known: number): SessionError {
  return new SessionError(
    'STORAGE_NEWER',
    `A newer version of the application wrote the data of this session (version ${version}, this process knows ${known}). Nothing was changed. Try again in a few seconds.`,
  )
}
