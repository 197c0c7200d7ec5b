import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerBinding, type BindingManager } from '../http/device-binding.ts'
import { checkMount } from '../http/mount-options.ts'
import type { OwnAnswer } from '../http/own-answer.ts'
import { refuseUnknown } from '../known-options.ts'
import { NodeRequestHead } from '../node-http/request.ts'

/** The parts of a Koa context that `deviceBinding` uses. */
interface BindingContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly method: string
  readonly url: string
  readonly ip: string
  status: number
  body: unknown
}

/**
 * Koa middleware that serves the endpoints of the option `deviceBinding`. Mount it above `sessions`.
 * @param manager the result of `createSessions`. With null, or without the option, no request is answered.
 */
export function deviceBinding<C extends BindingContext>(
  manager: BindingManager,
  options: { requestId?: (ctx: C) => string } = {},
) {
  refuseUnknown('deviceBinding()', options, { requestId: true })
  checkMount('deviceBinding()', manager, options)
  return async function deviceBinding(ctx: C, next: () => Promise<unknown>): Promise<void> {
    const { req, method, url, ip } = ctx
    const head = new NodeRequestHead(req, { method, url, address: ip, encrypted: true })
    const answer = await answerBinding(manager, head, options.requestId?.(ctx))
    if (answer) sendAnswer(ctx, answer)
    else await next()
  }
}

/** Sends an answer of the layer. */
export function sendAnswer(
  ctx: Pick<BindingContext, 'res' | 'status' | 'body'>,
  { status, headers, body }: OwnAnswer,
): void {
  for (const [name, value] of Object.entries(headers)) ctx.res.setHeader(name, value)
  ctx.status = status
  ctx.body = body
}
