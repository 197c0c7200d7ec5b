const COLOURS = 3

/** The last digits of the session's ID, and their colours. */
export interface SessionChip {
  shortId: string
  colours: string[]
}

/** The last digits of an ID are random, so another session nearly always has other colours. */
export function sessionChip(id: string): SessionChip {
  const shortId = id.slice(-2 * COLOURS)
  const colours = Array.from({ length: COLOURS }, (_, index) => {
    const hue = Math.round((Number.parseInt(shortId.slice(2 * index, 2 * index + 2), 16) / 256) * 360)
    return `hsl(${hue} 65% 50%)`
  })
  return { shortId, colours }
}
