// PostgreSQL's text cannot hold NUL, which a name typed by somebody can.
const NUL = '\u0000'
const MARK = '\u001a'

/** A text as PostgreSQL can keep it: different texts stay different. */
export function toStored(text: string): string {
  return text.includes(NUL) || text.includes(MARK)
    ? text.replaceAll(MARK, `${MARK}1`).replaceAll(NUL, `${MARK}0`)
    : text
}

export function fromStored(text: string): string {
  return text.includes(MARK) ? text.replaceAll(`${MARK}0`, NUL).replaceAll(`${MARK}1`, MARK) : text
}

/** A statement's values, texts in lists included. */
export function toStoredValues(values: readonly unknown[]): unknown[] {
  return values.map((value) =>
    typeof value === 'string' ? toStored(value) : Array.isArray(value) ? toStoredValues(value) : value,
  )
}

/** What a function answered as JSON, with every text as it was given. */
export function fromStoredJson(json: string): unknown {
  // JSON writes the mark as an escape.
  return json.includes('\\u001a') ? JSON.parse(json, (_, value) => textAsGiven(value)) : JSON.parse(json)
}

function textAsGiven(value: unknown): unknown {
  return typeof value === 'string' ? fromStored(value) : value
}
