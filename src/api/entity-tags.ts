import type { Context } from 'koa'
import { Problem } from '../web/problem.js'

const TAG = /[ \t,]*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?=,|$)/y

/** The version of something as an entity tag: `"7"`. */
export function entityTag(version: number): string {
  return `"${version}"`
}

/**
 * The versions that a change is allowed for, as `If-Match` names them (RFC 9110, 13.1.1); `undefined` when any will do. Weak tags
 * and foreign ones are in no version. What is no list of tags is a 400.
 */
export function wantedVersions(ctx: Context): number[] | undefined {
  const header = ctx.req.headers['if-match']
  if (header === undefined || header.trim() === '*') return undefined
  const versions: number[] = []
  let rest = 0
  for (const { 0: text, 1: weak, 2: tag = '', index } of header.matchAll(new RegExp(TAG, 'gy'))) {
    rest = index + text.length
    if (weak === undefined && /^[1-9]\d{0,9}$/.test(tag)) versions.push(Number(tag))
  }
  if (rest === 0 || !/^[ \t,]*$/.test(header.slice(rest))) throw unreadable()
  return versions
}

function unreadable(): Problem {
  return new Problem(400, 'If-Match: give one or more entity tags such as "7", or *.')
}
