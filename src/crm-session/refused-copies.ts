import { formatExactMoment } from '../web/format.ts'
import type { CrmSession } from './crm-session.ts'

// Each device of the session shows its own notices.
const MOST_SHOWN = 10

/**
 * Returns a notice of the last request that had this device's cookie without its key, once for each such request.
 * '' if there is none. Only a page that the user sees may call this function.
 */
export async function takeRefusedCopy(session: CrmSession): Promise<string> {
  const { deviceHandle, binding } = session
  if (deviceHandle === undefined || !binding?.lastFailure) return ''
  const failure = `${deviceHandle} ${binding.lastFailure.toISOString()}`
  if (session.storage.shownCopies?.includes(failure)) return ''
  await session.use((storage) => {
    storage.shownCopies = [...(storage.shownCopies ?? []), failure].slice(-MOST_SHOWN)
  })
  return `On ${formatExactMoment(binding.lastFailure)}, a request had this browser’s cookie without its key. If you have not copied the cookie yourself, look for malware on this device, log out everywhere, and change your password.`
}
