import { encode } from 'uqr'
import { isLoopback } from '../config/config.ts'

/** A QR code as one SVG path in a square of `size` units per side. */
export interface QrCode {
  size: number
  path: string
}

/**
 * The code includes the empty border (quiet zone) that cameras need.
 * @returns undefined for a link to this machine, because a phone cannot open it.
 */
export function qrCodeOf(link: string): QrCode | undefined {
  if (isLoopback(new URL(link).hostname)) return undefined
  const { data, size } = encode(link, { ecc: 'M', border: 4 })
  const squares = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : [])))
  return { size, path: squares.join('') }
}
