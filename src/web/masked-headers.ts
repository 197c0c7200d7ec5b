import type { Context, Next } from 'koa'
import { maskSecrets } from './mask-secrets.ts'

/** Masks secrets in `User-Agent`, which is the only header that sessions, the audit trail and the log store as sent. */
export function maskedHeaders() {
  return function maskedHeaders({ req: { headers } }: Context, next: Next) {
    const device = headers['user-agent']
    if (device !== undefined) headers['user-agent'] = maskSecrets(device)
    return next()
  }
}
