/**
 * Throws for an unknown option, because a misspelt option would have no effect. Also throws if `options` is not a plain
 * object. For instance, the entries of a `Map` are not own keys, so this function would not see them.
 * @param where the name of the call for the error message, for instance `createSessions()`.
 * @param known an object with every key of the type `O`. If a key is missing, the code does not compile.
 * @throws TypeError. For an unknown option, the message suggests the most similar option or lists all options.
 */
export function refuseUnknown<O extends object>(
  where: string,
  options: O,
  known: { readonly [K in keyof O]-?: true },
): void {
  if (!isPlainObject(options)) throw new TypeError(`${where} takes an object with options, got ${typeOf(options)}.`)
  for (const name of Reflect.ownKeys(options)) {
    if (!Object.hasOwn(known, name)) throw new TypeError(unknownOption(where, String(name), Object.keys(known)))
  }
}

function unknownOption(where: string, name: string, known: readonly string[]): string {
  const unknown = `${name} is not an option of ${where}.`
  if (known.length === 0) return `${unknown} It takes no options.`
  const nearest = nearestName(name, known)
  return nearest === undefined ? `${unknown} Its options: ${known.join(', ')}.` : `${unknown} Did you mean ${nearest}?`
}

/** @throws TypeError for a flag that is not a boolean, because the text 'false' would count as true. */
export function checkFlags(where: string, flags: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(flags)) {
    if (value !== undefined && typeof value !== 'boolean')
      throw new TypeError(`${where}${name}: true or false, got ${JSON.stringify(value)}.`)
  }
}

/** @throws TypeError if `value` lacks one of the methods. `value` is, for instance, the client of a database driver. */
export function checkMethods(where: string, expected: string, value: unknown, methods: readonly string[]): void {
  if (methods.some((method) => typeof Object(value)[method] !== 'function'))
    throw new TypeError(`${where}: pass ${expected}, got ${typeOf(value)}.`)
}

/** Returns the known name that is most similar to `name`. Returns `undefined` if no name is similar. Ignores case. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(name.length / 3))
  const [nearest] = known
    .map((candidate) => ({ candidate, edits: editsTo(candidate.toLowerCase(), name.toLowerCase()) }))
    .filter(({ edits }) => edits <= most)
    .sort((a, b) => a.edits - b.edits)
  return nearest?.candidate
}

/** Returns the number of edits from `name` to `candidate`. A missing end of any length counts as one edit. */
function editsTo(candidate: string, name: string): number {
  return name.length >= 3 && candidate.startsWith(name) ? 1 : editsBetween(name, candidate)
}

/** Returns the Levenshtein distance. The exchange of two neighbouring characters counts as one edit. */
function editsBetween(one: string, other: string): number {
  let [beforeLast, last]: number[][] = [[], Array.from({ length: other.length + 1 }, (_, index) => index)]
  for (let row = 1; row <= one.length; row++) {
    const current = [row]
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1]
      const isExchanged = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        isExchanged ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, other.length)
}

function at(row: readonly number[] | undefined, column: number): number {
  return row?.[column] ?? Number.POSITIVE_INFINITY
}

export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Returns the type of a value for messages: 'undefined', 'a list', 'a string', 'an object', 'an instance of Map'. */
export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'a list'
  if (typeof value !== 'object') return `a ${typeof value}`
  const isPlain: boolean = isPlainObject(value)
  if (isPlain) return 'an object'
  const { name } = value.constructor ?? {}
  return name === undefined || name === 'Object' ? 'an object with a prototype of its own' : `an instance of ${name}`
}
