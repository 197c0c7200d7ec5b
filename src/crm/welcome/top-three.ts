import type { CrmSession } from '../../crm-session/crm-session.ts'
import type { CrmStorage } from '../../crm-session/crm-storage.ts'
import type { Portfolio } from '../customers/portfolios.ts'

type Top3 = NonNullable<CrmStorage['myTop3']>

/**
 * Returns the top 3 from the session of `owner`. If the session has none, or if the portfolio has changed since then,
 * computes and stores them. Of concurrent calls, one computes them.
 */
export async function keepTop3(
  session: CrmSession,
  owner: string,
  { version, topCustomers }: Portfolio,
  now: number,
): Promise<Readonly<Top3>> {
  const isFresh = (kept: Top3 | undefined, current: number): kept is Top3 =>
    kept?.owner === owner && kept.version === current
  const kept = session.storage.myTop3 as Top3 | undefined
  if (kept !== undefined && isFresh(kept, await version())) return kept
  return session.use(async (storage) => {
    // The version is read before the customers, so a change between the two makes the top 3 stale again.
    const current = await version()
    if (isFresh(storage.myTop3, current)) return storage.myTop3
    const customers = await topCustomers()
    storage.myTop3 = { owner, version: current, computedAt: new Date(now).toISOString(), customers }
    return storage.myTop3
  })
}
