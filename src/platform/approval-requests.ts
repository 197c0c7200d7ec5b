import { randomBytes } from 'node:crypto'
import type { RequestBody } from './read-request-body.ts'

// A demo's memory: the oldest request makes room for the newest, decided or not.
const MOST_REQUESTS = 200
const MOST_CALLS = 20

export type Decision = 'approved' | 'refused'

/** The outcome of one callback. */
export interface Call {
  at: number
  /** The answer's status; `undefined` when there was none. */
  status: number | undefined
  text: string
}

/** A request of a customer of the platform, which a person decides. */
export interface ApprovalRequest extends RequestBody {
  id: string
  receivedAt: number
  decision: Decision | undefined
  calls: Call[]
}

/** The requests that this platform has, newest first; kept in memory, and never more than a few hundred. */
export class ApprovalRequests {
  readonly #requests = new Map<string, ApprovalRequest>()

  add(body: RequestBody, now: number): ApprovalRequest {
    const [oldest] = this.#requests.keys()
    if (oldest !== undefined && this.#requests.size >= MOST_REQUESTS) this.#requests.delete(oldest)
    const request = { ...body, id: randomBytes(16).toString('hex'), receivedAt: now, decision: undefined, calls: [] }
    this.#requests.set(request.id, request)
    return request
  }

  find(id: string): ApprovalRequest | undefined {
    return this.#requests.get(id)
  }

  all(): ApprovalRequest[] {
    return [...this.#requests.values()].reverse()
  }
}

/** Records the outcome of a callback. Only the latest ones are kept. */
export function noteCall(request: ApprovalRequest, call: Call): void {
  request.calls.push(call)
  if (request.calls.length > MOST_CALLS) request.calls.shift()
}
