import assert from 'node:assert/strict'
import test from 'node:test'
import { preferredEncoding } from '../../src/web/content-encoding.ts'

test('[ASSET-1] the encoding with the highest quality value is chosen, and brotli among equals', () => {
  for (const [header, encoding] of [
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0.5, gzip;q=1.0', 'gzip'],
    ['br;q=0, gzip;q=0.1', 'gzip'],
    ['BR ; q=1', 'br'],
    ['*', 'br'],
    ['*;q=0.3, br;q=0', 'gzip'],
    ['gzip;q=0.5, identity', 'identity'],
    ['identity;q=0.5, gzip', 'gzip'],
    ['identity', 'identity'],
    ['deflate', 'identity'],
    ['gzip;q=0', 'identity'],
    ['gzip;q=much', 'identity'],
    ['*;q=0', 'identity'],
    ['', 'identity'],
  ] as const)
    assert.equal(preferredEncoding(header), encoding, header)
})
