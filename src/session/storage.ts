import { SessionError } from './errors.js'

/** What a handler sees: the same shape, writable nowhere. */
export type DeepReadonly<T> = T extends (...parameters: never[]) => unknown
  ? T
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T

/**
 * Lets storage hold a kind of value that JSON cannot, a Date for instance.
 * @example { tag: 'date', test: (value) => value instanceof Date, encode: (date) => date.toISOString(), decode: (text) => new Date(text) }
 */
export interface StorageCodec {
  /** Marks the stored form. Changing it makes stored values unreadable. */
  tag: string
  test(value: unknown): boolean
  /** Must answer something that JSON can hold. */
  encode(value: never): unknown
  decode(stored: never): unknown
}

/** Turns storage into text and back. */
export interface StorageFormat {
  /**
   * @throws SessionError VALUE_NOT_SHAREABLE with the value's path (4D -10721), or STORAGE_TOO_LARGE. Nothing is written then.
   */
  encode(storage: unknown): string
  /** A fresh copy that may be changed freely. */
  decode(text: string): object
}

export const EMPTY_STORAGE = '{}'

// Deeper than any sane storage, and far from the depth at which parsing would run out of stack.
const DEEPEST = 200
const TAG = '$codec'

/** @param maxBytes the most that the text of one session may take, in UTF-8 bytes. */
export function storageFormat(maxBytes: number, codecs: readonly StorageCodec[] = []): StorageFormat {
  const byTag = new Map(codecs.map((codec) => [codec.tag, codec]))
  const reviver = (_key: string, value: unknown) => {
    const codec = isTagged(value) ? byTag.get(value[TAG]) : undefined
    return codec ? codec.decode((value as unknown as { value: never }).value) : value
  }
  return {
    encode(storage) {
      const plain = shareable(storage, 'storage', [], codecs)
      const text = JSON.stringify(plain)
      const bytes = Buffer.byteLength(text)
      if (bytes <= maxBytes) return text
      throw new SessionError(
        'STORAGE_TOO_LARGE',
        `The session's storage would take ${bytes} bytes; ${maxBytes} are allowed. Keep large things in a table and their id in the session.`,
      )
    },
    decode: (text) => (codecs.length === 0 ? JSON.parse(text) : JSON.parse(text, reviver)) as object,
  }
}

/** Freezes a value and everything in it; answers the value. */
export function deepFreeze<T>(value: T): DeepReadonly<T> {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value as DeepReadonly<T>
}

/** The value itself when JSON can hold all of it; a copy with encoded parts when codecs had to help. */
function shareable(value: unknown, path: string, parents: object[], codecs: readonly StorageCodec[]): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : refuse(path, `${value}`)
    case 'object':
      break
    default:
      return refuse(
        path,
        typeof value === 'bigint' ? 'a BigInt' : typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`,
      )
  }
  if (value === null) return value
  const codec = codecs.find((candidate) => candidate.test(value))
  if (codec) return { [TAG]: codec.tag, value: shareable(codec.encode(value as never), path, parents, []) }
  if (parents.includes(value)) refuse(path, 'an object that contains itself')
  if (parents.length > DEEPEST) refuse(path, `anything nested deeper than ${DEEPEST} levels`)
  parents.push(value)
  const checked = Array.isArray(value)
    ? shareableList(value, path, parents, codecs)
    : shareableObject(value, path, parents, codecs)
  parents.pop()
  return checked
}

function shareableList(list: unknown[], path: string, parents: object[], codecs: readonly StorageCodec[]): unknown[] {
  if (Object.getPrototypeOf(list) !== Array.prototype) refuse(path, aClass(list))
  let encoded: unknown[] | undefined
  for (let index = 0; index < list.length; index++) {
    const item = shareable(list[index], `${path}[${index}]`, parents, codecs)
    if (item === list[index]) continue
    encoded ??= [...list]
    encoded[index] = item
  }
  return encoded ?? list
}

function shareableObject(object: object, path: string, parents: object[], codecs: readonly StorageCodec[]): object {
  const prototype = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null) refuse(path, aClass(object))
  if (Object.getOwnPropertySymbols(object).length > 0) refuse(path, 'a symbol as a key')
  if (codecs.length > 0 && Object.hasOwn(object, TAG)) refuse(path, `an object with a key "${TAG}"`)
  let encoded: Record<string, unknown> | undefined
  for (const [key, inner] of Object.entries(object)) {
    if (inner === undefined) continue // as good as absent
    const item = shareable(inner, `${path}.${key}`, parents, codecs)
    if (item === inner) continue
    encoded ??= { ...object }
    encoded[key] = item
  }
  return encoded ?? object
}

function aClass(object: object): string {
  const name = object.constructor?.name
  return typeof name === 'string' && name !== '' && name !== 'Object'
    ? `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`
    : 'an object with a prototype of its own'
}

function refuse(path: string, what: string): never {
  throw new SessionError(
    'VALUE_NOT_SHAREABLE',
    `${path}: ${what} cannot be stored. Storage holds what JSON can hold: texts, finite numbers, true, false, null, lists and plain objects.`,
  )
}

function isTagged(value: unknown): value is { [TAG]: string } {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[TAG] === 'string'
}
