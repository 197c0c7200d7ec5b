import type { BindingAnswer, BindingRequest } from '../core/device-binding/device-binding.ts'
import { isSessionError } from '../core/errors.ts'
import type { Sessions } from '../core/sessions.ts'
import type { OwnAnswer } from './own-answer.ts'
import type { RequestHead } from './request-head.ts'

/** The result of `createSessions`; null to run without sessions. */
export type BindingManager = Pick<Sessions, 'bindingEndpoints'> | null

const FIXED = {
  'Cache-Control': 'no-store',
  'X-Frame-Options': 'DENY',
}

/** Answers a browser that registers or proves its key. Returns undefined for any other request. */
export async function answerBinding(
  manager: BindingManager,
  head: RequestHead,
  requestId: string | undefined,
): Promise<OwnAnswer | undefined> {
  const endpoints = manager?.bindingEndpoints
  if (!endpoints) return undefined
  const path = head.url.split('?', 1)[0]
  if (path === endpoints.bindPath) return answered(endpoints.bind, head, requestId)
  if (path === endpoints.refreshPath) return answered(endpoints.refresh, head, requestId)
  return undefined
}

async function answered(
  run: (request: BindingRequest) => Promise<BindingAnswer>,
  head: RequestHead,
  requestId: string | undefined,
): Promise<OwnAnswer> {
  if (head.method !== 'POST') return { status: 405, headers: { ...FIXED, Allow: 'POST' }, body: '' }
  if (!isOfThisOrigin(head)) return { status: 403, headers: FIXED, body: '' }
  const request = {
    cookieHeader: head.header('cookie'),
    proof: head.header('secure-session-response'),
    sessionId: head.header('sec-secure-session-id'),
    cause: { requestId, address: head.address, device: head.header('user-agent') ?? null },
  }
  try {
    const { status, headers, body } = await run(request)
    return { status, headers: { ...headers, ...FIXED }, body }
  } catch (error) {
    if (!isSessionError(error, 'STORE_UNAVAILABLE')) throw error
    return { status: error.status, headers: { ...error.headers, ...FIXED }, body: '' }
  }
}

/** Chromium sends both headers. No page of another origin can forge them. */
function isOfThisOrigin(head: RequestHead): boolean {
  const site = head.header('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin'
  const origin = head.header('origin')
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === head.host
}
