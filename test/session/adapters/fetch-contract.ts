import {
  crossOriginGuard,
  deviceBinding,
  errorResponse,
  requireDeviceBinding,
  requirePrivilege,
  requireRecentLogin,
  requireUser,
  sessionHandler,
  tokenHandler,
} from '../../../src/session/fetch/index.ts'
import { SessionError } from '../../../src/session/index.ts'
import {
  type ContractAnswer,
  type ContractManager,
  contractAnswer,
  contractApiAnswer,
} from '../../../src/session/testing/adapter/app.ts'
import { contractGates } from './gated.ts'

/**
 * The server of the contract on the plain fetch adapter, as a function from `Request` to `Response`.
 * @param handlerOf the function of the adapter that opens the session of the cookie.
 */
export function fetchContract(manager: ContractManager, handlerOf: typeof sessionHandler = sessionHandler) {
  const gates = contractGates({ requireUser, requirePrivilege, requireRecentLogin, requireDeviceBinding })
  const refuseCrossOrigin = crossOriginGuard()
  const onError = (error: unknown) =>
    error instanceof SessionError ? errorResponse(error) : new Response('It failed.', { status: 500 })
  const api = tokenHandler(
    manager,
    async ({ url }, session) => responseOf(await contractApiAnswer(new URL(url).pathname, session)),
    { mount: '/api', onError },
  )
  const pages = handlerOf(
    manager,
    async (request, session) => {
      refuseCrossOrigin(request)
      const { pathname } = new URL(request.url)
      const redirect = gates.get(pathname)?.(request as never, session as never)
      const method = request.method === 'HEAD' ? 'GET' : request.method
      return redirect ?? responseOf(await contractAnswer(method, pathname, session))
    },
    { onError },
  )
  const bindDevice = deviceBinding(manager)
  return async (request: Request): Promise<Response> =>
    (await bindDevice(request, undefined)) ??
    (new URL(request.url).pathname.startsWith('/api/') ? api : pages)(request, undefined)
}

export function responseOf({ status, headers = {}, body, isStreamed, ends }: ContractAnswer): Response {
  if (!ends && !isStreamed) return new Response(body ?? null, { status, headers })
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(body))
      if (ends) ends.addEventListener('abort', () => controller.close())
      else controller.close()
    },
  })
  return new Response(stream, { status, headers })
}
