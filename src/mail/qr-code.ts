import { encode } from 'uqr'

/** A QR code as one SVG path in a square of `size` units per side. */
export interface QrCode {
  size: number
  path: string
}

/** The code includes the empty border (quiet zone) that cameras need. */
export function qrCode(text: string): QrCode {
  const { data, size } = encode(text, { ecc: 'M', border: 4 })
  const squares = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : [])))
  return { size, path: squares.join('') }
}
