import type { RequestListener } from 'node:http'
import type { Hold } from './holds.ts'
import type { SlowRecords, StoreView } from './slow-records.ts'

/** Each contestant is a module in this folder or in `peers/`. The default export of the module has this type. */
export type StartContestant = (tools: { hold: Hold; records: SlowRecords }) => Contestant | Promise<Contestant>

/**
 * A small server that uses one session library as the library's documentation shows. The listener responds to:
 * - `GET /page`: `{ user, items }`. Only reads the session. `user` is null for a guest.
 * - `POST /write`: adds the query's `item` to the list of items in the session, also for a guest.
 * - `POST /login`: signs in `ana`. Does not check a password.
 * - `POST /logout`: signs out.
 *
 * `/page` and `/write` call `hold` before and after they use the session, with the query values `before` and `after`.
 * Each call stands for a slow task of the page, for instance a payment.
 */
export interface Contestant {
  listener: RequestListener
  /** Absent if the library keeps all data in the cookie. */
  store?: StoreView
  /** Returns the `Cookie` headers that an attacker with a copy of the store and the server's keys would try. */
  forge?(texts: readonly string[]): string[] | Promise<string[]>
}
