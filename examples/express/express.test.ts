import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import compression from 'compression'
import connect from 'connect'
import express from 'express'
import {
  crossOriginGuard,
  deviceBinding,
  requireDeviceBinding,
  requirePrivilege,
  requireRecentLogin,
  requireUser,
  sessions,
  tokenSessions,
} from '../../src/session/node-http/express.ts'
import { Browser } from '../../src/session/testing/adapter/client.ts'
import {
  type ContractSession,
  contractAnswer,
  contractApiAnswer,
  contractManager,
  proveAdapter,
} from '../../src/session/testing/adapter-contract.ts'
import { contractGates } from '../../test/session/adapters/gated.ts'
import { listening } from '../../test/session/adapters/listening.ts'
import { sendAnswer } from '../../test/session/adapters/node-contract.ts'
import { proveExample, startProgram } from '../conversation.ts'
import { proveDocumentedCode } from '../documented-code.ts'

proveExample('Express', () => startProgram(import.meta.dirname, process.execPath, ['server.ts']))
proveDocumentedCode('express.md', import.meta.dirname)

proveAdapter('Connect', async (guests) => {
  const manager = contractManager(guests)
  const gates = contractGates({ requireUser, requirePrivilege, requireRecentLogin, requireDeviceBinding })
  const app = connect()
  app.use(crossOriginGuard())
  app.use(tokenSessions(manager, { mount: '/api' }))
  app.use(deviceBinding(manager))
  app.use(sessions(manager))
  app.use((req, res, next) => {
    const gate = gates.get(pathOf(req))
    if (gate) gate(req as never, res as never, next as never)
    else next()
  })
  app.use(
    (req: IncomingMessage & { session?: ContractSession }, res: ServerResponse, next: (error: unknown) => void) => {
      const current = () => req.session as ContractSession
      const path = pathOf(req)
      const method = req.method === 'HEAD' ? 'GET' : (req.method ?? '')
      const answer = path.startsWith('/api/')
        ? contractApiAnswer(path, current() as never)
        : contractAnswer(method, path, current(), current)
      answer.then((found) => sendAnswer(res, found)).catch(next)
    },
  )
  app.use((error: { status?: number; headers?: object }, _req: unknown, res: ServerResponse, _next: unknown) => {
    res.writeHead(error.status ?? 500, { ...error.headers }).end()
  })
  return listening(createServer(app), manager)
})

for (const place of ['above', 'below'] as const)
  test(`[ADAPT-1] with compression ${place} sessions(), a compressed page waits for its login`, async (t) => {
    const manager = contractManager('first-request')
    const app = express()
    if (place === 'above') app.use(compression())
    app.use(sessions(manager) as unknown as express.RequestHandler) // the server declares another session
    if (place === 'below') app.use(compression())
    app.get('/', (_req, res) => void res.send('<p>A page</p>'.repeat(1000)))
    app.get('/login', (req, res) => {
      void (req as unknown as { session: ContractSession }).session.setPrivileges({ userId: '4' }, { login: true })
      res.send('<p>Welcome</p>'.repeat(1000))
    })
    const server = await listening(createServer(app), manager)
    t.after(() => server.close())
    for (const path of ['/', '/login']) {
      const { headers, setCookies } = await new Browser(server.url).get(path, {
        headers: { 'Accept-Encoding': 'gzip' },
      })
      assert.deepEqual([headers['content-encoding'], setCookies.length], ['gzip', 1], path)
      assert.match(String(headers['cache-control']), /private/)
    }
  })

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? ''
}
