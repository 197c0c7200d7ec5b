import { answerBinding, type BindingManager } from '../http/device-binding.ts'
import { checkMount } from '../http/mount-options.ts'
import { refuseUnknown } from '../known-options.ts'
import type { SessionsOptions } from './open-request.ts'
import { responseOf } from './reply.ts'
import { FetchRequestHead } from './request-head.ts'

export type BindingOptions<I> = Pick<SessionsOptions<I>, 'requestId' | 'address'>

/**
 * Returns a function that serves the endpoints of the option `deviceBinding`. Call it before you open the session. The
 * function returns undefined for any other request.
 * @example const answer = await bindDevice(request, info); if (answer) return answer
 */
export function deviceBinding<I = undefined>(manager: BindingManager, options: BindingOptions<I> = {}) {
  refuseUnknown('deviceBinding()', options, { requestId: true, address: true })
  checkMount('deviceBinding()', manager, options)
  const { requestId, address = () => null } = options
  return async function answer(request: Request, info: I): Promise<Response | undefined> {
    const head = new FetchRequestHead(request, address(request, info))
    const own = await answerBinding(manager, head, requestId?.(request, info))
    return own ? responseOf(own) : undefined
  }
}
