import { z } from 'zod'

/** One line of text without what no keyboard types: control characters, and halves of characters that are none. */
export const PLAIN_LINE = /^[^\p{Cc}\p{Cs}]*$/u

/** Text of several lines: like `PLAIN_LINE`, and with tabs and line breaks. */
export const PLAIN_TEXT = /^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u

/** A line of 1 to `longest` characters; accents are composed, and blanks around it go. */
export function plainLine(longest: number) {
  return z
    .string()
    .normalize('NFC')
    .trim()
    .min(1)
    .max(longest)
    .regex(PLAIN_LINE, 'must not contain control characters or broken ones')
}
