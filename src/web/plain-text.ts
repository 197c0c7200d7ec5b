import { z } from 'zod'

/**
 * One line of text without what no keyboard types: control characters, those that turn the direction of writing or show
 * nothing, and halves of characters that are none. Joiners are let be where scripts and pictures need them: after and before a letter or a
 * picture.
 */
const PLAIN_LINE =
  /^(?:[^\p{Cc}\p{Cs}\p{Cf}]|(?<=[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])[\u200c\u200d](?=[\p{L}\p{M}\p{Extended_Pictographic}]))*$/u

/** Text of several lines, as a program may want it kept: without control characters but tabs and line breaks, and without broken ones. */
export const PLAIN_TEXT = /^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u

// What shows by itself: neither blank, nor only an accent, nor a filler.
const VISIBLE = /[^\p{White_Space}\p{M}\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/u

/** A line of 1 to `longest` characters with something to see; accents are composed, and blanks around it go. */
export function plainLine(longest: number) {
  return z
    .string()
    .normalize('NFC')
    .trim()
    .min(1)
    .max(longest)
    .regex(PLAIN_LINE, 'must not contain control characters or broken ones')
    .refine((text) => VISIBLE.test(text), 'must have something that can be seen')
}
