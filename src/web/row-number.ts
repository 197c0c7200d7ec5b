/** The number of a database row, in its only accepted form: "7", but not "07", "7.0" or "7e0". */
export const ROW_NUMBER = /^[1-9]\d{0,8}$/

/** Returns `undefined` for everything but the number of a row. */
export function readRowNumber(text: unknown): number | undefined {
  return typeof text === 'string' && ROW_NUMBER.test(text) ? Number(text) : undefined
}
