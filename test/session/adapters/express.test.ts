import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import express, { type ErrorRequestHandler } from 'express'
import {
  crossOriginGuard,
  deviceBinding,
  requireDeviceBinding,
  requirePrivilege,
  requireRecentLogin,
  requireUser,
  sessions,
  tokenSessions,
} from '../../../src/session/node-http/express.ts'
import {
  contractAnswer,
  contractApiAnswer,
  contractManager,
  proveAdapter,
} from '../../../src/session/testing/adapter-contract.ts'
import { contractGates } from './gated.ts'
import { listening } from './listening.ts'

proveAdapter('Express', async (guests) => {
  const manager = contractManager(guests)
  const gates = contractGates({ requireUser, requirePrivilege, requireRecentLogin, requireDeviceBinding })
  const app = express()
  app.use(crossOriginGuard(), tokenSessions(manager, { mount: '/api' }), deviceBinding(manager), sessions(manager))
  app.use((req, res, next) => {
    const gate = gates.get(req.path)
    if (gate) gate(req as never, res as never, next as never)
    else next()
  })
  app.use(async (req, res) => {
    const current = () => (req as unknown as { session: never }).session
    const { status, headers, body, isStreamed, ends } = req.path.startsWith('/api/')
      ? await contractApiAnswer(req.path, current())
      : await contractAnswer(req.method === 'HEAD' ? 'GET' : req.method, req.path, current(), current)
    res.status(status).set(headers ?? {})
    if (ends) {
      res.write(body)
      ends.addEventListener('abort', () => res.end())
    } else if (isStreamed) Readable.from([body]).pipe(res)
    else res.send(body)
  })
  const silent: ErrorRequestHandler = (error, _req, res, _next) => {
    res.status(error.status ?? 500).set(error.headers ?? {})
    res.end()
  }
  app.use(silent)
  return listening(createServer(app), manager)
})
