import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Context, Next } from 'koa'
import type { PageModel } from '../web/pages.ts'
import { Problem } from '../web/problem.ts'
import { type Assets, loadAssets, serveAssets } from '../web/static-assets.ts'
import { MOUNT } from './mount.ts'

interface DocsPage extends PageModel {
  document: string
  /** The URLs of the viewer's files, by file name. */
  viewer: Assets['urls']
}

const PAGE = `${MOUNT}/docs`
const DOCUMENT = `${MOUNT}/openapi.json`
const VIEWER_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js']

/** Serves `/api/openapi.json` and its viewer at `/api/docs`. The viewer loads nothing from other servers. */
export function apiDocs(describe: () => object) {
  let document: { text: string; etag: string } | undefined
  let viewer: { urls: Assets['urls']; serve: ReturnType<typeof serveAssets> } | undefined

  return async function apiDocs(ctx: Context, next: Next) {
    if (!ctx.path.startsWith(PAGE) && ctx.path !== DOCUMENT) return next()
    viewer ??= openViewer()
    if (ctx.path !== PAGE && ctx.path !== DOCUMENT) return viewer.serve(ctx, next)
    ctx.set('Cache-Control', 'no-cache')
    if (ctx.method === 'OPTIONS') {
      ctx.set('Allow', 'GET, HEAD, OPTIONS')
      ctx.status = 204
      return
    }
    if (!['GET', 'HEAD'].includes(ctx.method))
      throw new Problem(405, 'This address can only be read.', { Allow: 'GET, HEAD, OPTIONS' })
    if (ctx.path === PAGE)
      return ctx.show<DocsPage>('api/docs', { title: 'REST API', document: DOCUMENT, viewer: viewer.urls })
    document ??= writeDocument(describe())
    ctx.set('ETag', document.etag)
    ctx.type = 'application/json; charset=utf-8'
    ctx.body = document.text
    if (ctx.fresh) ctx.status = 304
  }
}

function openViewer() {
  const folder = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/swagger-ui.css')))
  const assets = loadAssets(folder, { names: VIEWER_FILES, below: PAGE })
  return { urls: assets.urls, serve: serveAssets(assets) }
}

function writeDocument(document: object) {
  const text = JSON.stringify(document, null, 2)
  return { text, etag: `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"` }
}
