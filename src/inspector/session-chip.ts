const COLOURS = 3

/** The short ID of a session, and colours that depend on the whole ID. */
export interface SessionChip {
  shortId: string
  colours: string[]
}

/** IDs are random, so another session nearly always has other colours. */
export function sessionChip(id: string): SessionChip {
  const colours = Array.from({ length: COLOURS }, (_, index) => {
    const hue = Math.round((Number.parseInt(id.slice(2 * index, 2 * index + 2), 16) / 256) * 360)
    return `hsl(${hue} 65% 50%)`
  })
  return { shortId: id.slice(0, 6), colours }
}
