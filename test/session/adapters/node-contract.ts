import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  crossOriginGuard,
  deviceBinding,
  requireDeviceBinding,
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
} from '../../../src/session/testing/adapter-contract.ts'
import { contractGates } from './gated.ts'

/** The application of the contract on the adapter for `node:http`, as a request listener. */
export function nodeContract(guests: 'first-request' | 'first-write') {
  const manager = contractManager(guests)
  const gates = contractGates({ requireUser, requirePrivilege, requireRecentLogin, requireDeviceBinding })
  const refuseCrossOrigin = crossOriginGuard()
  const onError = (error: unknown, _req: IncomingMessage, res: ServerResponse) => {
    const { status = 500, headers = {} } = error as { status?: number; headers?: Record<string, string> }
    res.writeHead(status, headers).end()
  }
  const api = tokenHandler(
    manager,
    async (req, res, session) => sendAnswer(res, await contractApiAnswer(req.url ?? '', session)),
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
      sendAnswer(res, await contractAnswer(method, path, session, () => req.session as typeof session))
    },
    { onError },
  )
  const bindsDevice = deviceBinding(manager)
  const listener: typeof pages = async (req, res) => {
    if (await bindsDevice(req as IncomingMessage, res as ServerResponse)) return
    await (req.url?.startsWith('/api/') ? api : pages)(req, res)
  }
  return { manager, listener }
}

export function sendAnswer(res: ServerResponse, answer: ContractAnswer): void {
  const { status, headers = {}, body = '', isStreamed = false, ends } = answer
  res.writeHead(status, headers)
  if (!isStreamed && !ends) {
    res.end(body)
    return
  }
  res.write(body)
  if (ends) ends.addEventListener('abort', () => res.end())
  else setImmediate(() => res.end())
}
