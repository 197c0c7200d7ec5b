import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  crossOriginGuard,
  requirePrivilege,
  requireRecentLogin,
  requireUser,
  sessionHandler,
  tokenHandler,
} from '../../../src/session/node-http/index.ts'
import {
  type ContractAnswer,
  contractAnswer,
  contractApiAnswer,
  contractManager,
  proveAdapter,
} from '../../../src/session/testing/adapter-contract.ts'
import { contractGates } from './gated.ts'
import { listening } from './listening.ts'

proveAdapter('node:http', async (guests) => {
  const manager = contractManager(guests)
  const gates = contractGates({ requireUser, requirePrivilege, requireRecentLogin })
  const refuseCrossOrigin = crossOriginGuard()
  const onError = (error: unknown, _req: IncomingMessage, res: ServerResponse) => {
    const { status = 500, headers = {} } = error as { status?: number; headers?: Record<string, string> }
    res.writeHead(status, headers).end()
  }
  const api = tokenHandler(
    manager,
    async (req, res, session) => send(res, await contractApiAnswer(req.url ?? '', session)),
    { mount: '/api', onError },
  )
  const pages = sessionHandler(
    manager,
    async (req, res, session) => {
      refuseCrossOrigin(req)
      const [path = ''] = (req.url ?? '').split('?')
      const mayPass = gates.get(path)
      if (mayPass && !mayPass(req as never, res as never)) return
      const method = req.method === 'HEAD' ? 'GET' : (req.method ?? '')
      send(res, await contractAnswer(method, path, session, () => req.session as typeof session))
    },
    { onError },
  )
  return listening(
    createServer((req, res) => (req.url?.startsWith('/api/') ? api : pages)(req, res)),
    manager,
  )
})

function send(res: ServerResponse, { status, headers = {}, body = '', ends }: ContractAnswer): void {
  res.writeHead(status, headers)
  if (!ends) {
    res.end(body)
    return
  }
  res.write(body)
  ends.addEventListener('abort', () => res.end())
}
