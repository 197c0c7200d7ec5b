import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, parse } from 'node:path'
import { fileURLToPath } from 'node:url'
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
const SCRIPT_IMPORT = /^(import [^'\n]* from ')\.\/([\w-]+\.js)(?=')/gm
// Matches `@import "./folder/file.css";`.
const STYLE_IMPORT = /^@import "\.\/([\w/-]+\.css)";$/gm

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * Reads the files into memory. Imports in scripts are changed to the hashed addresses of the imported files. Imports in
 * style sheets are replaced by the imported files, so that a page loads one style sheet.
 */
export function loadAssets(
  folder: string,
  { names = filesIn(folder), below = '/assets' }: { names?: readonly string[]; below?: string } = {},
): Assets {
  const urls: Record<string, string> = {}
  const files = new Map<string, Asset>()
  const load = (file: string): string => {
    const known = urls[file]
    if (known !== undefined) return known
    const content = withImports(readFileSync(join(folder, file)), { folder, addressOf: load })
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

/** Files of packages, for example `htmx.org/dist/htmx.min.js`. Their folder may contain more, which is not loaded. */
export function loadPackageAssets(files: readonly string[], below?: string): Assets {
  const loaded = files.map((file) => {
    const path = fileURLToPath(import.meta.resolve(file))
    return loadAssets(dirname(path), { names: [parse(path).base], ...(below !== undefined && { below }) })
  })
  return joinAssets(...loaded)
}

export function joinAssets(...all: readonly Assets[]): Assets {
  return {
    urls: Object.assign({}, ...all.map(({ urls }) => urls)),
    files: new Map(all.flatMap(({ files }) => [...files])),
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? entry.name : []))
}

function withImports(
  content: Buffer,
  { folder, addressOf }: { folder: string; addressOf: (file: string) => string },
): Buffer {
  const text = content.toString()
  const complete = text
    .replace(SCRIPT_IMPORT, (_, before: string, file: string) => before + addressOf(file))
    .replace(STYLE_IMPORT, (_, file: string) => readFileSync(join(folder, file), 'utf8'))
  return complete === text ? content : Buffer.from(complete)
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
