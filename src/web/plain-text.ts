import { z } from 'zod'

/**
 * One line of text without control, bidirectional and invisible characters, and without lone surrogates. Joiners are allowed between letters
 * and emoji, where scripts need them.
 */
const PLAIN_LINE =
  /^(?:[^\p{Cc}\p{Cs}\p{Cf}]|(?<=[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])[\u200c\u200d](?=[\p{L}\p{M}\p{Extended_Pictographic}]))*$/u

/** Text of several lines: without control characters other than tabs and line breaks, and without lone surrogates. */
export const PLAIN_TEXT = /^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u

// A visible character: no blank, combining accent or filler.
const VISIBLE = /[^\p{White_Space}\p{M}\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/u

/** A visible line of 1 to `longest` characters, trimmed and in NFC. */
export function plainLine(longest: number) {
  return z
    .string()
    .normalize('NFC')
    .trim()
    .min(1)
    .max(longest)
    .regex(PLAIN_LINE, 'must not contain control characters or broken characters')
    .refine((text) => VISIBLE.test(text), 'must have a visible character')
}
