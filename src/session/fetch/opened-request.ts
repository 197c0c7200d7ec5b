import type { Opened } from '../http/open-session.ts'
import { discard, type FetchReply } from './reply.ts'

/** How a handler ended: with a response, or with an error for which there is an error page. */
type Outcome = 'answered' | 'failed'

/** The session of a request, and what its response needs. */
export interface OpenedRequest<T> extends Opened<T> {
  /**
   * Waits for pending calls, stores the session of a new guest unless the handler has failed, and adds the session's
   * headers to the response. If this function throws, call it again with the error page.
   */
  finish(response: Response, outcome: Outcome): Promise<Response>
  /** For a request without a response: stops what observes the end of the session. */
  abandon(): void
}

/** What happens between the handler and the end of the request. */
interface Ending {
  isSettled(): boolean
  settle(): Promise<void>
  /** Runs once, after the first response or error. */
  end?(): Promise<void>
  /** Runs for a response of the handler. */
  begin(response: Response): Promise<void>
}

export function openedRequest<T>(opened: Opened<T>, reply: FetchReply, ending: Ending): OpenedRequest<T> {
  let hasEnded = false
  return {
    get current() {
      return opened.current
    },
    async finish(response, outcome) {
      try {
        await ending.settle()
        if (!hasEnded) {
          hasEnded = true
          await ending.end?.()
        }
        if (outcome === 'answered') await ending.begin(response)
        while (!ending.isSettled()) await ending.settle()
        return reply.addTo(response)
      } catch (error) {
        discard(response)
        throw error
      }
    },
    abandon: reply.close,
  }
}

/** For an inner mount. The outer mount has opened the session, and finishes the response. */
export function sharedRequest<T>(opened: Opened<T>): OpenedRequest<T> {
  return {
    get current() {
      return opened.current
    },
    finish: async (response) => response,
    abandon() {},
  }
}
