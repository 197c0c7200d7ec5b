import { SessionError, storageUnreadable } from './errors.ts'

/** Makes every property read-only, at any depth. */
export type DeepReadonly<T> = T extends (...parameters: never[]) => unknown
  ? T
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T

/**
 * Lets the storage hold a type that JSON cannot hold.
 * @example
 * { tag: 'date', test: (v) => v instanceof Date, encode: (d: Date) => d.toISOString(), decode: (t: string) => new Date(t) }
 */
export interface StorageCodec {
  /** The name of the type, stored with each value. A value with an unknown tag is not decoded. */
  tag: string
  test(value: unknown): boolean
  /** Must return a value that JSON can hold. */
  encode(value: never): unknown
  decode(stored: never): unknown
}

/** @throws TypeError for a tag that is used twice, or for an incomplete codec, whose values would be unreadable. */
export function checkedCodecs(codecs: readonly StorageCodec[]): readonly StorageCodec[] {
  if (!Array.isArray(codecs)) throw new TypeError(`codecs: a list of codecs, got ${JSON.stringify(codecs)}.`)
  const tags = new Set<string>()
  codecs.forEach((codec: StorageCodec | null | undefined, index) => {
    const tag = codec?.tag
    if (typeof tag !== 'string' || tag === '')
      throw new TypeError(`codecs[${index}].tag: a text, got ${JSON.stringify(tag)}.`)
    if (tags.has(tag))
      throw new TypeError(`codecs[${index}].tag: another codec has the tag ${JSON.stringify(tag)} too.`)
    tags.add(tag)
    for (const name of ['test', 'encode', 'decode'] as const) {
      if (typeof codec?.[name] !== 'function')
        throw new TypeError(`codecs[${index}].${name}: a codec needs the functions test, encode and decode.`)
    }
  })
  return [...codecs]
}

export interface StorageFormat {
  /** Paths in errors begin with `name`. @throws SessionError VALUE_NOT_SHAREABLE (4D -10721), STORAGE_TOO_LARGE. */
  encode(storage: unknown, name?: string): string
  /** Returns a new copy that the caller may change. @throws SessionError STORAGE_UNREADABLE. */
  decode(text: string): object
  /** Like `decode`, but returns undefined for an unreadable text. */
  tryDecode(text: string): object | undefined
}

export const EMPTY_STORAGE = '{}'

/** The stored text of a part that `open` refused begins with this text. It is no JSON, so the part is unreadable. */
export const UNOPENED = 'open() failed: '

// Deeply nested values could overflow the stack.
const MAX_DEPTH = 200
const TAG = '$codec'

/** `maxBytes` limits the UTF-8 bytes of one encoded storage. */
export function storageFormat(maxBytes: number, codecs: readonly StorageCodec[] = []): StorageFormat {
  const byTag = new Map(codecs.map((codec) => [codec.tag, codec]))
  const reviver = (_key: string, value: unknown) => {
    const codec = isTagged(value) ? byTag.get(value[TAG]) : undefined
    return codec ? codec.decode((value as unknown as { value: never }).value) : value
  }
  const decode = (text: string) => parseObject(text, codecs.length === 0 ? undefined : reviver)
  return {
    encode(storage, name = 'storage') {
      const text = JSON.stringify(new Walk(codecs, maxBytes, name).shareable(storage))
      const bytes = Buffer.byteLength(text)
      if (bytes > maxBytes) throw tooLarge(`${bytes} bytes`, maxBytes)
      return text
    },
    decode,
    tryDecode(text) {
      try {
        return decode(text)
      } catch {
        return undefined
      }
    },
  }
}

/** @throws SessionError STORAGE_UNREADABLE. */
export function parseObject(text: string, reviver?: (key: string, value: unknown) => unknown): Record<string, unknown> {
  if (text.startsWith(UNOPENED)) throw storageUnreadable(new Error(text))
  try {
    const value: unknown = reviver ? JSON.parse(text, reviver) : JSON.parse(text)
    if (isPlain(value) && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (error) {
    // The message of a syntax error quotes the stored text. Stored data must not reach a log.
    throw storageUnreadable(error instanceof SyntaxError ? new SyntaxError('The storage is not JSON.') : error)
  }
  throw storageUnreadable(new TypeError('The storage is not an object.'))
}

/** Freezes lists and plain objects at any depth, but not the values of a codec. */
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

class Walk {
  readonly #codecs: readonly StorageCodec[]
  readonly #most: number
  readonly #name: string
  /** The objects and lists that contain the current value, and the keys that lead to it. */
  readonly #parents: object[] = []
  readonly #keys: (string | number)[] = []
  #seen = 0

  constructor(codecs: readonly StorageCodec[], most: number, name: string) {
    this.#codecs = codecs
    this.#most = most
    this.#name = name
  }

  /** Checks a value and encodes it for JSON. Returns the same object if no part needs a codec. */
  shareable(value: unknown): unknown {
    // Each value takes at least one byte in JSON. An object that occurs several times counts each time.
    if (++this.#seen > this.#most) throw tooLarge(`more than ${this.#most} bytes`, this.#most)
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    const codec = this.#codecs.length === 0 ? undefined : this.#codecOf(value)
    if (codec) return { [TAG]: codec.tag, value: this.#encoded(codec, value) }
    if (typeof value === 'number') return Number.isFinite(value) ? value : this.#refuse(`${value}`)
    if (typeof value === 'object') return this.#nested(value)
    return this.#refuse(
      typeof value === 'bigint' ? 'a BigInt' : value === undefined ? 'undefined' : `a ${typeof value}`,
    )
  }

  #codecOf(value: unknown): StorageCodec | undefined {
    return this.#codecs.find((candidate) => candidate.test(value))
  }

  #encoded(codec: StorageCodec, value: unknown): unknown {
    const encoded = codec.encode(value as never)
    if (codec.test(encoded)) this.#refuse(`a value that the codec "${codec.tag}" encoded as a value of the same kind`)
    return this.shareable(encoded)
  }

  #nested(value: object): object {
    if (this.#parents.includes(value)) this.#refuse('an object that contains itself')
    if (this.#parents.length > MAX_DEPTH) this.#refuse(`anything nested deeper than ${MAX_DEPTH} levels`)
    this.#parents.push(value)
    const checked = Array.isArray(value) ? this.#list(value) : this.#object(value)
    this.#parents.pop()
    return checked
  }

  #list(list: unknown[]): unknown[] {
    if (Object.getPrototypeOf(list) !== Array.prototype) this.#refuse(aClass(list))
    let copy: unknown[] | undefined
    // Unlike `map`, this loop also visits holes, which JSON cannot hold.
    for (let index = 0; index < list.length; index++) {
      const item = this.#at(index, list[index])
      if (item === list[index]) continue
      copy ??= [...list]
      copy[index] = item
    }
    return copy ?? list
  }

  #object(object: object): object {
    const prototype = Object.getPrototypeOf(object)
    if (prototype !== Object.prototype && prototype !== null) this.#refuse(aClass(object))
    if (Object.getOwnPropertySymbols(object).length > 0) this.#refuse('a symbol as a key')
    if (this.#codecs.length > 0 && Object.hasOwn(object, TAG)) this.#refuse(`an object with a key "${TAG}"`)
    const values = object as Record<string, unknown>
    let copy: Record<string, unknown> | undefined
    for (const key of Object.keys(values)) {
      const inner = values[key]
      if (inner === undefined) continue // JSON.stringify also omits a key with the value undefined.
      const item = this.#at(key, inner)
      if (item === inner) continue
      copy ??= { ...values }
      copy[key] = item
    }
    return copy ?? object
  }

  #at(key: string | number, value: unknown): unknown {
    this.#keys.push(key)
    const checked = this.shareable(value)
    this.#keys.pop()
    return checked
  }

  #refuse(what: string): never {
    const path = this.#keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')
    throw new SessionError(
      'VALUE_NOT_SHAREABLE',
      `${this.#name}${path}: ${what} cannot be stored. Storage holds what JSON can hold: texts, finite numbers, true, false, null, lists and plain objects.`,
    )
  }
}

function aClass(object: object): string {
  const name = object.constructor?.name
  return typeof name === 'string' && name !== '' && name !== 'Object'
    ? `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`
    : 'an object with a prototype of its own'
}

function tooLarge(size: string, maxBytes: number): SessionError {
  return new SessionError(
    'STORAGE_TOO_LARGE',
    `The session's storage would take ${size}; ${maxBytes} are allowed. Keep large data in a table and its id in the session.`,
  )
}

function isTagged(value: unknown): value is { [TAG]: string } {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[TAG] === 'string'
}
