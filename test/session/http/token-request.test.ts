import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import express from 'express'
import { tokenHandler } from '../../../src/session/fetch/index.ts'
import { tokenPaths } from '../../../src/session/http/token-request.ts'
import { sessions, tokenSessions } from '../../../src/session/node-http/express.ts'
import { contractManager } from '../../../src/session/testing/adapter-contract.ts'
import { listening } from '../adapters/listening.ts'

/** The status of a request with this target, which is sent as it is. */
async function statusOf(url: string, target: string): Promise<string | undefined> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(`GET ${target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`)
  return (await text(socket)).split(' ')[1]
}

test('[ADAPT-8] no spelling of its path lets a request reach the API of Express without a token', async (t) => {
  const manager = contractManager('first-write')
  const app = express()
  app.use(tokenSessions(manager, { mount: '/api' }), sessions(manager))
  app.get(['/api', '/api/orders'], (_req, res) => void res.send('All orders'))
  app.use(((error, _req, res, _next) => void res.sendStatus(error.status)) as express.ErrorRequestHandler)
  const server = await listening(createServer(app), manager)
  t.after(() => server.close())
  for (const target of ['/api/orders', '/API/orders', 'http://shop.example/api/orders', '/Api', '/api#/x', '/api?x'])
    assert.equal(await statusOf(server.url, target), '401', target)
  assert.equal(await statusOf(server.url, '/apis'), '404')
})

test('[ADAPT-8] a URL that the application rewrites to an API path, or a router shortens, needs a token too', async (t) => {
  const manager = contractManager('first-write')
  const app = express()
  app.use((req, _res, next) => {
    req.url = req.url.replace('/v1/', '/api/')
    next()
  })
  app.use('/api', tokenSessions(manager, { mount: '/api' }))
  app.use(tokenSessions(manager, { mount: '/api' }), sessions(manager))
  app.get(['/api/orders', '/api/signin'], (_req, res) => void res.send('All orders'))
  app.use(((error, _req, res, _next) => void res.sendStatus(error.status)) as express.ErrorRequestHandler)
  const server = await listening(createServer(app), manager)
  t.after(() => server.close())
  const statuses = ['/v1/orders', '/api/orders', '/api/signin'].map((path) => statusOf(server.url, path))
  assert.deepEqual(await Promise.all(statuses), ['401', '401', '200'])
})

test('[ADAPT-8] the path of an API is recognised however a router reads the URL, and no such spelling is anonymous', async () => {
  const { matches, isAnonymous } = tokenPaths({ mount: '/api' })
  const spellings = ['/%61pi/signin', '/%41PI/%ff', '//api/signin', '/api//signin', '/api;v=1', '/x/../api/signin']
  for (const path of [...spellings, '//host/api/signin', 'http://host/api/signin', '/api#/signin'])
    assert.deepEqual([matches(path), isAnonymous(path)], [true, false], path)
  for (const path of ['/', '/apis', '/x/api', '/?/api/', '*']) assert.equal(matches(path), false, path)
  for (const path of ['/x', '*', 'http://host/x']) assert.equal(tokenPaths({}).matches(path), true, path)
  assert.equal(tokenPaths({ mount: '/añ' }).matches('/a%C3%B1/orders'), true)

  const manager = contractManager('first-write')
  const answer = tokenHandler(manager, () => new Response('All orders'), { mount: '/api' })
  assert.equal((await answer(new Request('http://shop.example/%61pi/orders'), undefined)).status, 401)
  await manager.close()
})
