import type { Context } from 'koa'

/** Whether the request says that it has a body. */
export function hasBody(ctx: Context): boolean {
  return ctx.get('Transfer-Encoding') !== '' || Number(ctx.get('Content-Length') || 0) !== 0
}

/** Whether the body has this type, in UTF-8 and uncompressed. */
export function isPlain(ctx: Context, type: string): boolean {
  const compressed = ctx.get('Content-Encoding') !== '' && ctx.get('Content-Encoding') !== 'identity'
  const otherCharset = !['', 'utf-8', 'utf8'].includes(ctx.request.charset.toLowerCase())
  return Boolean(ctx.is(type)) && !compressed && !otherCharset
}

export const CLOSE = { Connection: 'close' }
