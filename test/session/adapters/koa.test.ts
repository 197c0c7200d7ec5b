import { createServer } from 'node:http'
import { PassThrough } from 'node:stream'
import Koa from 'koa'
import {
  crossOriginGuard,
  deviceBinding,
  requireDeviceBinding,
  requirePrivilege,
  requireRecentLogin,
  requireUser,
  sessions,
  tokenSessions,
} from '../../../src/session/koa/index.ts'
import {
  type ContractAnswer,
  type ContractSession,
  contractAnswer,
  contractApiAnswer,
  contractManager,
  proveAdapter,
} from '../../../src/session/testing/adapter-contract.ts'
import { contractGates } from './gated.ts'
import { listening } from './listening.ts'

proveAdapter('Koa', async (guests) => {
  const manager = contractManager(guests)
  const gates = contractGates({ requireUser, requirePrivilege, requireRecentLogin, requireDeviceBinding })
  const app = new Koa<Koa.DefaultState, { session: ContractSession }>()
  app.silent = true // errors of the contract are wanted
  app.use(crossOriginGuard())
  app.use(tokenSessions(manager, { mount: '/api' }))
  app.use(deviceBinding(manager))
  app.use(sessions(manager))
  app.use(async (ctx, next) => {
    const gate = gates.get(ctx.path)
    await (gate ? gate(ctx as never, next as never) : next())
  })
  app.use(async (ctx) => {
    const answer = ctx.path.startsWith('/api/')
      ? await contractApiAnswer(ctx.path, ctx.session as never)
      : await contractAnswer(ctx.method === 'HEAD' ? 'GET' : ctx.method, ctx.path, ctx.session, () => ctx.session)
    if (answer.headers) ctx.set(answer.headers)
    ctx.body = answer.ends || answer.isStreamed ? streamOf(answer) : (answer.body ?? null)
    ctx.status = answer.status
  })
  return listening(createServer(app.callback()), manager)
})

function streamOf({ body, ends }: ContractAnswer): PassThrough {
  const stream = new PassThrough()
  stream.write(body)
  if (ends) ends.addEventListener('abort', () => stream.end())
  else stream.end()
  return stream
}
