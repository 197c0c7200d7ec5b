import assert from 'node:assert/strict'
import test from 'node:test'
import { deflateSync, inflateSync } from 'node:zlib'
import { readPng, writePng } from '../../scripts/pictures/png.ts'

// Five rows of two pixels in red, green and blue. Each row has another filter: none, left, up, average, Paeth.
const ROWS = [
  [0, 10, 20, 30, 40, 50, 60],
  [1, 1, 2, 3, 4, 5, 6],
  [2, 1, 1, 1, 1, 1, 1],
  [3, 200, 0, 0, 0, 0, 9],
  [4, 5, 5, 5, 250, 0, 1],
]
const COLOURS = [
  [10, 20, 30, 40, 50, 60],
  [1, 2, 3, 5, 7, 9],
  [2, 3, 4, 6, 8, 10],
  [201, 1, 2, 103, 4, 15],
  [206, 6, 7, 97, 6, 16],
]

test('a picture is read with every filter of PNG, and keeps its colours in the palette', () => {
  const picture = readPng(pngOf(2, 5, 2, Buffer.from(ROWS.flat())))
  assert.deepEqual(
    [...picture.colours],
    COLOURS.flatMap((row) => [Buffer.from(row).readUIntBE(0, 3), Buffer.from(row).readUIntBE(3, 3)]),
  )
  assert.deepEqual(coloursIn(writePng([picture])), [...picture.colours])
})

test('a picture with more than 256 colours gets similar colours, and keeps the most frequent one', () => {
  const colours = Uint32Array.from({ length: 4000 }, (_, index) => (index % 4 === 0 ? 0xf4f5f2 : index * 37))
  const shown = coloursIn(writePng([{ width: 100, height: 40, colours }]))
  assert.ok(new Set(shown).size <= 256)
  assert.equal(shown[400], 0xf4f5f2)
})

/** The colours that a picture with a palette shows. */
function coloursIn(file: Buffer): number[] {
  const palette = chunkIn(file, 'PLTE')
  const width = chunkIn(file, 'IHDR').readUInt32BE(0)
  return [...inflateSync(chunkIn(file, 'IDAT'))]
    .filter((_, index) => index % (width + 1) !== 0)
    .map((place) => palette.readUIntBE(3 * place, 3))
}

function chunkIn(file: Buffer, type: string): Buffer {
  const at = file.indexOf(type)
  return file.subarray(at + 4, at + 4 + file.readUInt32BE(at - 4))
}

function pngOf(width: number, height: number, colourType: number, rows: Buffer): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, colourType], 8)
  const chunk = (type: string, data: Buffer) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    return [length, Buffer.from(type), data, Buffer.alloc(4)]
  }
  return Buffer.concat([Buffer.alloc(8), ...chunk('IHDR', header), ...chunk('IDAT', deflateSync(rows))])
}
