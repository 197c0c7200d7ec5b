import { randomBytes } from 'node:crypto'
import type { RequestBody } from './read-request-body.ts'

// Above this number, the oldest request is removed, even if the request is undecided.
const MOST_REQUESTS = 200
const MOST_CALLS = 20

export type Decision = 'approved' | 'refused'

/** The result of one callback. */
export interface Call {
  at: number
  /** The status of the response. `undefined` when there was no response. */
  status: number | undefined
  text: string
}

export interface ApprovalRequest extends RequestBody {
  id: string
  receivedAt: number
  decision: Decision | undefined
  calls: Call[]
}

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

export function noteCall(request: ApprovalRequest, call: Call): void {
  request.calls.push(call)
  if (request.calls.length > MOST_CALLS) request.calls.shift()
}
