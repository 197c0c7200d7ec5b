import { z } from 'zod'

/** Refuses bidirectional and invisible characters, but allows the zero-width joiners of scripts and emoji. */
const PLAIN_LINE =
  /^(?:[^\p{Cc}\p{Cs}\p{Cf}]|(?<=[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])[\u200c\u200d](?=[\p{L}\p{M}\p{Extended_Pictographic}]))*$/u

/** Matches text of several lines. Tabs and line breaks are the only control characters that are allowed. */
export const PLAIN_TEXT = /^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u

// Matches any character except blanks, combining accents and invisible fillers.
const VISIBLE = /[^\p{White_Space}\p{M}\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/u

/** Returns the schema for a line of 1 to `longest` characters. The parsed line is trimmed and in NFC. */
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

/** Returns the schema for a text of several lines. The parsed text is trimmed, in NFC, and its lines end with `\n`. */
export function plainText(longest: number) {
  return z
    .string()
    .normalize('NFC')
    .overwrite((text) => text.replaceAll('\r\n', '\n'))
    .trim()
    .min(1)
    .max(longest)
    .regex(PLAIN_TEXT, 'must not contain control characters or broken characters')
    .refine((text) => VISIBLE.test(text), 'must have a visible character')
}
