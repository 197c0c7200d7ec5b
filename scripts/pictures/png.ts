import { crc32, deflateSync, inflateSync } from 'node:zlib'

/** A picture as rows of pixels. Each pixel is a number: red, green and blue in eight bits each. */
export interface Pixels {
  width: number
  height: number
  colours: Uint32Array
}

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')
const MOST_COLOURS = 256
const CHANNELS: Record<number, number> = { 2: 3, 6: 4 }
const PALETTE = 3

/** Reads a PNG file as Chromium writes it: eight bits a channel, not interlaced. Transparency is ignored. */
export function readPng(file: Buffer): Pixels {
  let header: Buffer = Buffer.alloc(0)
  const data: Buffer[] = []
  for (let at = SIGNATURE.length; at < file.length; at += 12 + file.readUInt32BE(at)) {
    const type = file.toString('latin1', at + 4, at + 8)
    const body = file.subarray(at + 8, at + 8 + file.readUInt32BE(at))
    if (type === 'IHDR') header = body
    if (type === 'IDAT') data.push(body)
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const step = CHANNELS[header[9] ?? 0]
  if (step === undefined || header[8] !== 8 || header[12] !== 0) throw new Error('This form of PNG is not supported.')
  const bytes = unfilter(inflateSync(Buffer.concat(data)), width * step, step)
  const colours = Uint32Array.from({ length: width * height }, (_, index) => bytes.readUIntBE(index * step, 3))
  return { width, height, colours }
}

/** Writes pictures of one size with a common palette. More than one picture becomes an animation without end. */
export function writePng(pictures: readonly Pixels[], milliseconds = 0): Buffer {
  const [{ width, height }] = pictures as [Pixels]
  const { palette, indexOf } = choosePalette(pictures)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, PALETTE], 8)
  const isAnimated = pictures.length > 1
  let sequence = 0
  const frames = pictures.flatMap((picture, index) => {
    const rows = Buffer.alloc((width + 1) * height)
    for (const [at, colour] of picture.colours.entries())
      rows[at + Math.floor(at / width) + 1] = indexOf.get(colour) as number
    const data = deflateSync(rows, { level: 9 })
    if (!isAnimated) return [chunk('IDAT', data)]
    const control = numbers(sequence++, width, height, 0, 0, (milliseconds << 16) | 1000, 0).subarray(0, 26)
    // A viewer that knows no animations shows the first picture.
    return [chunk('fcTL', control), index === 0 ? chunk('IDAT', data) : chunk('fdAT', numbers(sequence++), data)]
  })
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    ...(isAnimated ? [chunk('acTL', numbers(pictures.length, 0))] : []),
    chunk('PLTE', Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]))),
    ...frames,
    chunk('IEND'),
  ])
}

/** Similar colours share a place in the palette, which has the most frequent one of them. */
function choosePalette(pictures: readonly Pixels[]): { palette: number[]; indexOf: Map<number, number> } {
  const counts = new Map<number, number>()
  for (const { colours } of pictures) for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1)
  const frequentFirst = [...counts].sort(([a, times], [b, more]) => more - times || a - b).map(([colour]) => colour)
  for (let distance = 1; ; distance += 1) {
    const places = new Map<number, number>()
    const palette: number[] = []
    const indexOf = new Map<number, number>()
    for (const colour of frequentFirst) {
      const place = [16, 8, 0].reduce((sum, bits) => sum * 256 + Math.round(((colour >> bits) & 255) / distance), 0)
      if (!places.has(place)) places.set(place, palette.push(colour) - 1)
      indexOf.set(colour, places.get(place) as number)
    }
    if (palette.length <= MOST_COLOURS) return { palette, indexOf }
  }
}

/** Undoes the filters of PNG, by which a row stores differences from its neighbours. */
function unfilter(data: Buffer, rowLength: number, step: number): Buffer {
  const rows = Buffer.alloc((data.length / (rowLength + 1)) * rowLength)
  for (let start = 0, from = 0; start < rows.length; start += rowLength) {
    const predict = PREDICTORS[data[from++] ?? 0] as Predictor
    for (let at = start; at < start + rowLength; at += 1) {
      const hasLeft = at - start >= step
      const left = hasLeft ? (rows[at - step] as number) : 0
      const corner = hasLeft ? (rows[at - rowLength - step] ?? 0) : 0
      rows[at] = (data[from++] as number) + predict(left, rows[at - rowLength] ?? 0, corner)
    }
  }
  return rows
}

type Predictor = (left: number, up: number, corner: number) => number

const PREDICTORS: Predictor[] = [() => 0, (left) => left, (_, up) => up, (left, up) => (left + up) >> 1, nearest]

/** The Paeth predictor of PNG. */
function nearest(left: number, up: number, corner: number): number {
  const guess = left + up - corner
  const [toLeft, toUp, toCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)]
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}

function chunk(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), ...parts])
  return Buffer.concat([numbers(body.length - 4), body, numbers(crc32(body))])
}

function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * index)
  return bytes
}
