import { parseObject } from './storage.ts'

/**
 * The text in a record's field `storage`:
 * - `{…}` is the JSON of the storage.
 * - `[version,{…}]` is the JSON of a storage with a version.
 * - The key `$flash` of the object holds the flash messages, which do not belong to the storage.
 */
export const FLASH = '$flash'

const VERSIONED = /^\[([1-9]\d*),(\{.*\})\]$/s

/** The version is 0 for a text without a version. */
export function splitVersion(text: string): { version: number; json: string } {
  const [, version, json] = (text.startsWith('[') && VERSIONED.exec(text)) || []
  return json === undefined ? { version: 0, json: text } : { version: Number(version), json }
}

export function joinVersion(version: number, json: string): string {
  return version === 0 ? json : `[${version},${json}]`
}

/** Returns the flash messages, oldest first. An unreadable text has none. */
export function flashOf(text: string): string[] {
  if (!text.includes(`"${FLASH}"`)) return []
  try {
    const flash = parseObject(splitVersion(text).json)[FLASH]
    return Array.isArray(flash) ? flash.filter((message) => typeof message === 'string') : []
  } catch {
    return []
  }
}

/** Replaces the flash messages, and keeps the storage and its version. @throws SessionError STORAGE_UNREADABLE. */
export function withFlash(text: string, flash: readonly string[]): string {
  const { version, json } = splitVersion(text)
  const { [FLASH]: _, ...storage } = parseObject(json)
  return joinVersion(version, JSON.stringify(flash.length === 0 ? storage : { ...storage, [FLASH]: flash }))
}
