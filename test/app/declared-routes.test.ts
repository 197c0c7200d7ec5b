import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import Koa from 'koa'
import { DeclaredRoutes } from '../../src/app/declared-routes.ts'

test('[ROUTE-1] a route without a declared access answers 403 and does not run', async (t) => {
  const routes = new DeclaredRoutes()
  let runs = 0
  const count = (ctx: Koa.Context) => {
    runs += 1
    ctx.body = 'open'
  }
  routes.get('/declared', 'public', count)
  routes.router.get('/undeclared', count)
  routes.router.post('/declared', count)

  const app = new Koa()
  app.silent = true
  app.use(routes.refuseUndeclared())
  app.use(routes.router.routes())
  const server = app.listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const statusOf = async (path: string, method = 'GET') =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { method })).status

  assert.equal(await statusOf('/declared'), 200)
  assert.equal(await statusOf('/undeclared'), 403)
  assert.equal(await statusOf('/undeclared', 'HEAD'), 403)
  assert.equal(await statusOf('/declared', 'POST'), 403)
  assert.equal(await statusOf('/unknown'), 404)
  assert.equal(runs, 1)
})
