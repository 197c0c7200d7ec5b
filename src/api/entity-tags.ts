import type { Context } from 'koa'
import { Problem } from '../web/problem.ts'

const TAGS = /[ \t,]*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?=,|$)/gy
const MOST_TAGS = 50

export function entityTag(version: number): string {
  return `"${version}"`
}

/**
 * Returns the versions in `If-Match` (RFC 9110, 13.1.1), or `undefined` when the header accepts any version. Weak tags
 * and tags that this API did not create match no version. A malformed header or more than 50 tags cause status 400.
 */
export function wantedVersions(ctx: Context): number[] | undefined {
  const header = ctx.req.headers['if-match']
  if (header === undefined || header.trim() === '*') return undefined
  const versions = new Set<number>()
  let rest = 0
  let count = 0
  for (const { 0: text, 1: weak, 2: tag = '', index } of header.matchAll(TAGS)) {
    count += 1
    if (count > MOST_TAGS) throw new Problem(400, `If-Match: at most ${MOST_TAGS} entity tags.`)
    rest = index + text.length
    if (weak === undefined && /^[1-9]\d{0,9}$/.test(tag)) versions.add(Number(tag))
  }
  if (rest === 0 || !/^[ \t,]*$/.test(header.slice(rest))) throw unreadable()
  return [...versions]
}

function unreadable(): Problem {
  return new Problem(400, 'If-Match: give one or more entity tags such as "7", or *.')
}
