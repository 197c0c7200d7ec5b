import type { Context } from 'koa'

export function hasBody(ctx: Context): boolean {
  return ctx.get('Transfer-Encoding') !== '' || Number(ctx.get('Content-Length') || 0) !== 0
}

/** Returns whether the body has this media type, is encoded in UTF-8, and is not compressed. */
export function isPlain(ctx: Context, type: string): boolean {
  const compressed = ctx.get('Content-Encoding') !== '' && ctx.get('Content-Encoding') !== 'identity'
  const otherCharset = !['', 'utf-8', 'utf8'].includes(ctx.request.charset.toLowerCase())
  return Boolean(ctx.is(type)) && !compressed && !otherCharset
}

/** Headers for an error response that is sent before the whole body has been read. */
export const CLOSE = { Connection: 'close' }
