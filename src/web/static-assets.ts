import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, parse } from 'node:path'
import type { Context, Next } from 'koa'
import { EncodedContent, preferredEncoding } from './content-encoding.ts'

export interface Assets {
  /** `style.css` → `/assets/style.0123abcd.css`, with a hash of the content. */
  readonly urls: Readonly<Record<string, string>>
  readonly files: ReadonlyMap<string, Asset>
}

interface Asset {
  content: EncodedContent
  type: string
  hash: string
}

// Matches `import { name } from './file.js'`.
const IMPORT = /^(import [^'\n]* from ')\.\/([\w-]+\.js)(?=')/gm

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Reads the files into memory. Imports in scripts are changed to the hashed addresses of the imported files. */
export function loadAssets(
  folder: string,
  { names = readdirSync(folder), below = '/assets' }: { names?: readonly string[]; below?: string } = {},
): Assets {
  const urls: Record<string, string> = {}
  const files = new Map<string, Asset>()
  const load = (file: string): string => {
    const known = urls[file]
    if (known !== undefined) return known
    const content = withAddresses(readFileSync(join(folder, file)), load)
    const { name, ext } = parse(file)
    const asset = createAsset(content, TYPES[ext] ?? 'application/octet-stream')
    const url = `${below}/${name}.${asset.hash}${ext}`
    urls[file] = url
    files.set(url, asset)
    return url
  }
  for (const file of [...names].sort()) load(file)
  return { urls, files }
}

function withAddresses(content: Buffer, addressOf: (file: string) => string): Buffer {
  const text = content.toString()
  const addressed = text.replace(IMPORT, (_, before: string, file: string) => before + addressOf(file))
  return addressed === text ? content : Buffer.from(addressed)
}

/** Mount this middleware above `sessions`, so that a request for an asset does not extend the idle timeout. */
export function serveAssets({ files, urls }: Assets) {
  const favicon = urls['favicon.svg']
  return async function serveAssets(ctx: Context, next: Next) {
    const asked = ctx.path === '/favicon.ico' ? favicon : ctx.path
    const asset = asked === undefined ? undefined : files.get(asked)
    if (asset === undefined || !['GET', 'HEAD'].includes(ctx.method)) return next()
    ctx.set('Cache-Control', ctx.path === asked ? 'public, max-age=31536000, immutable' : 'public, max-age=86400')
    await sendAsset(ctx, asset)
  }
}

export function createAsset(content: Buffer, type: string): Asset {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12)
  return { content: new EncodedContent(content), type, hash }
}

/** Responds with the asset, compressed if the client accepts it. Never compress a response that contains secrets. */
export async function sendAsset(ctx: Context, { content, type, hash }: Asset): Promise<void> {
  const encoding = preferredEncoding(ctx.get('Accept-Encoding'))
  ctx.vary('Accept-Encoding')
  ctx.set('ETag', encoding === 'identity' ? `"${hash}"` : `"${hash}-${encoding}"`)
  ctx.status = 200
  if (ctx.fresh) {
    ctx.status = 304
    return
  }
  if (encoding !== 'identity') ctx.set('Content-Encoding', encoding)
  ctx.type = type
  ctx.body = await content.in(encoding)
}
