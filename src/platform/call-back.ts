import type { Clock } from '../session/index.ts'
import { type Answer, fetchText } from '../web/fetch-text.ts'
import type { Decision } from './approval-requests.ts'
import type { Reply } from './read-request-body.ts'

const PATIENCE_MILLISECONDS = 10_000

/** Sends the decision to the CRM in one GET request, without cookies or redirects. */
export function callBack(reply: Reply, decision: Decision, clock: Clock): Promise<Answer> {
  return fetchText(
    addressFor(reply, decision),
    { headers: { Accept: 'application/json' } },
    clock,
    PATIENCE_MILLISECONDS,
  )
}

/** Appends the decision to the given URL. The CRM has already encoded this URL. */
function addressFor(reply: Reply, decision: Decision): string {
  const given =
    'callback' in reply ? reply.callback : withParameter(reply.redirectUri, `state=${encodeURIComponent(reply.state)}`)
  return withParameter(given, `result=${decision}`)
}

function withParameter(address: string, parameter: string): string {
  return `${address}${address.includes('?') ? '&' : '?'}${parameter}`
}
