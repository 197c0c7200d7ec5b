import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import {
  crossOriginGuard,
  deviceBinding,
  requireDeviceBinding,
  requirePrivilege,
  requireRecentLogin,
  requireUser,
  sessions,
  tokenSessions,
} from '../../src/session/node-http/fastify.ts'
import {
  type ContractSession,
  contractAnswer,
  contractApiAnswer,
  contractManager,
  proveAdapter,
} from '../../src/session/testing/adapter-contract.ts'
import { contractGates } from '../../test/session/adapters/gated.ts'
import { proveExample, startProgram } from '../conversation.ts'
import { proveDocumentedCode } from '../documented-code.ts'

proveExample('Fastify', () => startProgram(import.meta.dirname, process.execPath, ['server.ts']))
proveDocumentedCode('fastify.md', import.meta.dirname)

proveAdapter('Fastify', async (guests) => {
  const manager = contractManager(guests)
  const app = fastify({ forceCloseConnections: true })
  app.addHook('onRequest', crossOriginGuard())
  app.addHook('onRequest', deviceBinding(manager))
  await app.register(tokenSessions(manager, { mount: '/api' }))
  await app.register(sessions(manager))
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const current = () => (request as unknown as { session: ContractSession }).session
    const path = pathOf(request)
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const { status, headers, body, isStreamed, ends } = path.startsWith('/api/')
      ? await contractApiAnswer(path, current() as never)
      : await contractAnswer(method, path, current(), current)
    reply.code(status).headers(headers ?? {})
    if (isStreamed) return reply.send(Readable.from([body]))
    return reply.send(ends ? endingStream(body, ends) : (body ?? null))
  }
  for (const [path, gate] of contractGates({ requireUser, requirePrivilege, requireRecentLogin, requireDeviceBinding }))
    app.get(path, { preHandler: gate as never }, handler)
  app.all('/*', handler)
  app.setErrorHandler((error: { statusCode?: number; status?: number; headers?: object }, _request, reply) => {
    reply
      .code(error.status ?? 500)
      .headers({ ...error.headers })
      .send()
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    url,
    async close() {
      await app.close()
      await manager.close()
    },
  }
})

test('[ADAPT-1] injected requests of Fastify have sessions, and a session cannot be assigned', async (t) => {
  const manager = contractManager('first-request')
  const app = fastify()
  await app.register(sessions(manager))
  app.get('/', async (request) => {
    const found = request as unknown as { session: ContractSession | undefined }
    assert.throws(() => {
      found.session = undefined
    }, /cannot be assigned/)
    return found.session?.isGuest()
  })
  t.after(() => app.close())
  const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' }
  const response = await app.inject({ url: '/', headers })
  assert.deepEqual([response.body, response.cookies.length], ['true', 1])
  await manager.close()
})

function endingStream(body: string | undefined, ends: AbortSignal): Readable {
  const stream = new Readable({ read() {} })
  stream.push(body)
  ends.addEventListener('abort', () => stream.push(null))
  return stream
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? ''
}
