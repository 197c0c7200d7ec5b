import type { Context, Next } from 'koa'
import type { PageModel } from '../web/pages.ts'
import { Problem } from '../web/problem.ts'
import { type Assets, createAsset, loadPackageAssets, sendAsset, serveAssets } from '../web/static-assets.ts'
import { MOUNT } from './mount.ts'

interface DocsPage extends PageModel {
  document: string
  /** The URLs of the viewer's files, by file name. */
  viewer: Assets['urls']
}

const PAGE = `${MOUNT}/docs`
const DOCUMENT = `${MOUNT}/openapi.json`
const VIEWER_FILES = ['swagger-ui-dist/swagger-ui.css', 'swagger-ui-dist/swagger-ui-bundle.js']

/** Whether this is the page of the documentation. This page has the frame of the other pages. */
export function isDocsPage(path: string): boolean {
  return path === PAGE
}

/** The page at `/api/docs`. It loads nothing from other servers. */
export function apiDocsPage() {
  return function apiDocsPage(ctx: Context) {
    ctx.show<DocsPage>('api/docs', { title: 'REST API', document: DOCUMENT, viewer: openViewer().urls })
  }
}

/** Serves `/api/openapi.json` and the files of its viewer. */
export function apiDocs(describe: () => object) {
  let document: ReturnType<typeof createAsset> | undefined

  return async function apiDocs(ctx: Context, next: Next) {
    if (ctx.path.startsWith(PAGE)) return openViewer().serve(ctx, next)
    if (ctx.path !== DOCUMENT) return next()
    ctx.set('Cache-Control', 'no-cache')
    if (ctx.method === 'OPTIONS') {
      ctx.set('Allow', 'GET, HEAD, OPTIONS')
      ctx.status = 204
      return
    }
    if (!['GET', 'HEAD'].includes(ctx.method))
      throw new Problem(405, 'This address can only be read.', { Allow: 'GET, HEAD, OPTIONS' })
    document ??= createAsset(Buffer.from(JSON.stringify(describe(), null, 2)), 'application/json; charset=utf-8')
    await sendAsset(ctx, document)
  }
}

let viewer: { urls: Assets['urls']; serve: ReturnType<typeof serveAssets> } | undefined

function openViewer() {
  viewer ??= loadViewer()
  return viewer
}

function loadViewer() {
  const assets = loadPackageAssets(VIEWER_FILES, PAGE)
  return { urls: assets.urls, serve: serveAssets(assets) }
}
