import type { Context } from '../context.ts'
import { bindingKeyOf } from '../credentials/cookie-purpose.ts'
import type { Exchange } from '../exchange.ts'
import type { NewSession } from '../new-record.ts'
import { valueUntil } from './bound-values.ts'
import { ALGORITHMS } from './public-key.ts'

/** A browser may take long to make a key, and a challenge is signed minutes after the browser has received it. */
export const CHALLENGE_MILLISECONDS = 10 * 60_000

/** Asks the browser to register a key for its new cookie. */
export function offerRegistration(
  { policy, clock }: Context,
  exchange: Exchange,
  { credential }: Pick<NewSession, 'credential'>,
): void {
  const key = bindingKeyOf(credential)
  if (!policy.deviceBinding || key === undefined) return
  const challenge = valueUntil('registration', key, clock.now() + CHALLENGE_MILLISECONDS)
  exchange.offerBinding?.(`(${ALGORITHMS.join(' ')});path="${policy.deviceBinding.bindPath}";challenge="${challenge}"`)
}
