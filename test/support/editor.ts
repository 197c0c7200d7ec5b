import type { Editor } from '../../src/crm/index.ts'

/** A user who changes customers without a request. */
export function editor(userId: number, { seesAll = false } = {}): Editor {
  const request = { requestId: 'request', address: '127.0.0.1', device: null }
  return { userId, seesAll, actor: { ...request, userId: String(userId), userName: 'A user', sessionId: 'SESSION' } }
}
