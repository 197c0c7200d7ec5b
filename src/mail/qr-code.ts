import { encode } from 'uqr'

/** A QR code as one path of a picture whose sides are `size` units. */
export interface QrCode {
  size: number
  path: string
}

/** Draws a text as a QR code, with the quiet border that cameras need. */
export function qrCode(text: string): QrCode {
  const { data, size } = encode(text, { ecc: 'M', border: 4 })
  const squares = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : [])))
  return { size, path: squares.join('') }
}
