import type { Customer, Operation } from '../../db/tables.ts'
import type { CrmSession } from '../crm-session/crm-session.ts'
import { Problem } from '../web/problem.ts'
import { askPlatform, type Question } from './ask-platform.ts'
import { CALLBACK_PATH, REST_CALLBACK_PATH } from './callbacks.ts'
import type { OperationParts } from './operation-parts.ts'
import { titleOf } from './operation-text.ts'
import { beginOperation, DECISION_SECONDS, giveUp, noteAccepted } from './operations.ts'

type Wish = Pick<Operation, 'percent' | 'reason' | 'scenario'>

/**
 * Creates an operation with a one-time link, and asks the platform for approval. If this request fails, the failure
 * becomes the state of the operation. Returns the operation's id. If the customer already has a waiting operation,
 * creates no operation and returns the id of the waiting operation.
 * @throws Problem 503 when no platform is set up, 404 for a removed customer, and 429 for too many waiting operations.
 */
export async function askForApproval(
  { database, clock, log, origins, platform }: OperationParts,
  { session, userId }: { session: CrmSession; userId: string },
  customer: Customer,
  wish: Wish,
): Promise<number> {
  const { url } = platform
  if (url === undefined) throw new Problem(503, 'No approval platform is set up here. Set PLATFORM_URL.')
  const { percent, reason, scenario } = wish
  const begun = await beginOperation(
    database,
    { customer_id: customer.id, user_id: Number(userId), session_id: session.id, percent, reason, scenario },
    clock.now(),
  )
  if (begun.is === 'waiting') return begun.id
  if (begun.is === 'gone') throw new Problem(404, 'This customer was removed in the meantime, so nothing was asked.')
  if (begun.is === 'too many') throw new Problem(429, 'Five of your requests are waiting. Let one be decided first.')

  const { id, key } = begun
  try {
    const token = await session.createOTP({
      lifespan: DECISION_SECONDS,
      path: scenario === 'rest' ? REST_CALLBACK_PATH : CALLBACK_PATH,
      data: { operation: id, key },
      requestOnly: true,
    })
    const question: Question = {
      title: `${titleOf(wish)} for ${customer.name}`,
      facts: factsFor(session.userName, wish),
      reply: replyFor(scenario, origins.forLinks, token),
    }
    const asked = await askPlatform(url, question, clock)
    if (asked.ok) await noteAccepted(database, begun, asked.platformId)
    else {
      log.warn({ event: 'platform.failed', operation: id, ...asked }, 'the platform took no request')
      await giveUp(database, begun, asked.problem)
    }
  } catch (error) {
    await giveUp(database, begun, 'unreachable')
    throw error
  }
  return id
}

function replyFor(scenario: Operation['scenario'], origin: string, token: string): Question['reply'] {
  switch (scenario) {
    case '$4DSID':
      return { callback: `${origin}${CALLBACK_PATH}?$4DSID=${token}` }
    case 'state':
      return { redirectUri: `${origin}${CALLBACK_PATH}`, state: token }
    case 'rest':
      return { callback: `${origin}${REST_CALLBACK_PATH}?$params='["${token}"]'` }
  }
}

function factsFor(userName: string, { percent, reason }: Wish): Question['facts'] {
  return [
    { label: 'Asked by', value: userName },
    { label: 'Discount', value: `${percent}%` },
    ...(reason === '' ? [] : [{ label: 'Reason', value: reason }]),
  ]
}
