const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Shortens a text that is wider than `longest` em in a usual font. An SVG cannot do that by itself. */
export function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text
  let width = 0
  let shown = ''
  for (const { segment } of graphemes.segment(text)) {
    width += widthOf(segment)
    if (width > longest) return `${shown.trimEnd()}…`
    shown += segment
  }
  return text
}

/** Estimated, and rather too wide than too narrow. */
function widthOf(character: string): number {
  if (/^[ ijlft.,:;'’!|()-]/.test(character)) return 0.36
  if (/^[mwMW@%&]/.test(character)) return 0.95
  if (/^\p{Lu}/u.test(character)) return 0.72
  return /^[\p{Script=Latin}\p{Nd}]/u.test(character) ? 0.58 : 1
}
