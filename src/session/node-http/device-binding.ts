import type { ServerResponse } from 'node:http'
import { answerBinding, type BindingManager } from '../http/device-binding.ts'
import { checkMount } from '../http/mount-options.ts'
import { refuseUnknown } from '../known-options.ts'
import { type NodeRequest, nodeHead, type SessionsOptions } from './open-request.ts'
import { sendOwnAnswer } from './request.ts'

export type BindingOptions<Q> = Pick<SessionsOptions<Q>, 'requestId' | 'address'>

/** Returns a function that answers a request for an endpoint of the option `deviceBinding`, and then returns true. */
export function bindingAnswerer<Q>(
  manager: BindingManager,
  options: BindingOptions<Q>,
  { addressOf }: { addressOf: (request: Q) => string | null },
) {
  refuseUnknown('deviceBinding()', options, { requestId: true, address: true })
  checkMount('deviceBinding()', manager, options)
  const { requestId, address = addressOf } = options
  return async function answer({ req, res }: { req: NodeRequest; res: ServerResponse }, request: Q): Promise<boolean> {
    const own = await answerBinding(manager, nodeHead(req, address(request)), requestId?.(request))
    if (own) sendOwnAnswer(res, own)
    return Boolean(own)
  }
}
