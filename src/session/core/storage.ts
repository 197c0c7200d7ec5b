import { SessionError } from './errors.ts'

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
   * `name` stands for the whole in messages, 'storage' by default.
   * @throws SessionError VALUE_NOT_SHAREABLE with the value's path (4D -10721), or STORAGE_TOO_LARGE. Nothing is written then.
   */
  encode(storage: unknown, name?: string): string
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
  const tooLarge = (size: string) =>
    new SessionError(
      'STORAGE_TOO_LARGE',
      `The session's storage would take ${size}; ${maxBytes} are allowed. Keep large things in a table and their id in the session.`,
    )
  return {
    encode(storage, name = 'storage') {
      const text = JSON.stringify(new Walk(codecs, maxBytes, tooLarge).shareable(storage, name))
      const bytes = Buffer.byteLength(text)
      if (bytes > maxBytes) throw tooLarge(`${bytes} bytes`)
      return text
    },
    decode: (text) => (codecs.length === 0 ? JSON.parse(text) : JSON.parse(text, reviver)) as object,
  }
}

/** Freezes lists and plain objects, and everything in them; answers the value. What a codec made is left as it is. */
export function deepFreeze<T>(value: T): DeepReadonly<T> {
  if (isPlain(value) && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value as DeepReadonly<T>
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Array.isArray(value)
}

/** One look at everything in a storage. */
class Walk {
  readonly #codecs: readonly StorageCodec[]
  readonly #parents: object[] = []
  readonly #tooLarge: (size: string) => Error
  readonly #most: number
  #seen = 0

  constructor(codecs: readonly StorageCodec[], most: number, tooLarge: (size: string) => Error) {
    this.#codecs = codecs
    this.#most = most
    this.#tooLarge = tooLarge
  }

  /** The value itself when JSON can hold all of it; a copy with encoded parts when codecs had to help. */
  shareable(value: unknown, path: string): unknown {
    // Each value takes a byte at least. One that is there by many ways counts each time, as it would in the text.
    if (++this.#seen > this.#most) throw this.#tooLarge(`more than ${this.#most} bytes`)
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    const codec = this.#codecs.find((candidate) => candidate.test(value))
    if (codec) return { [TAG]: codec.tag, value: this.#encoded(codec, value, path) }
    if (typeof value === 'number') return Number.isFinite(value) ? value : refuse(path, `${value}`)
    if (typeof value === 'object') return this.#inside(value, path)
    return refuse(
      path,
      typeof value === 'bigint' ? 'a BigInt' : value === undefined ? 'undefined' : `a ${typeof value}`,
    )
  }

  #encoded(codec: StorageCodec, value: unknown, path: string): unknown {
    const encoded = codec.encode(value as never)
    if (codec.test(encoded)) refuse(path, `what the codec "${codec.tag}" made of a value, being one of its kind again,`)
    return this.shareable(encoded, path)
  }

  #inside(value: object, path: string): object {
    if (this.#parents.includes(value)) refuse(path, 'an object that contains itself')
    if (this.#parents.length > DEEPEST) refuse(path, `anything nested deeper than ${DEEPEST} levels`)
    this.#parents.push(value)
    const checked = Array.isArray(value) ? this.#list(value, path) : this.#object(value, path)
    this.#parents.pop()
    return checked
  }

  #list(list: unknown[], path: string): unknown[] {
    if (Object.getPrototypeOf(list) !== Array.prototype) refuse(path, aClass(list))
    const items: unknown[] = []
    let differs = false
    for (let index = 0; index < list.length; index++) {
      const item = this.shareable(list[index], `${path}[${index}]`)
      if (item !== list[index]) differs = true
      items.push(item)
    }
    return differs ? items : list
  }

  #object(object: object, path: string): object {
    const prototype = Object.getPrototypeOf(object)
    if (prototype !== Object.prototype && prototype !== null) refuse(path, aClass(object))
    if (Object.getOwnPropertySymbols(object).length > 0) refuse(path, 'a symbol as a key')
    if (this.#codecs.length > 0 && Object.hasOwn(object, TAG)) refuse(path, `an object with a key "${TAG}"`)
    const items: [string, unknown][] = []
    let differs = false
    for (const [key, inner] of Object.entries(object)) {
      if (inner === undefined) continue // as good as absent
      const item = this.shareable(inner, `${path}.${key}`)
      if (item !== inner) differs = true
      items.push([key, item])
    }
    return differs ? Object.fromEntries(items) : object
  }
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
