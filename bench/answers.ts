import { type Answer, cookiesOf } from './connection.ts'
import { type Shown, shownOf } from './servers/content.ts'

/** The server has lost a session or a write, or has answered with another session. */
export class WrongAnswer extends Error {}

/** @throws WrongAnswer unless this server's answer shows exactly this session. */
export function checkAnswer(server: string, { status, body }: Answer, session: Shown): void {
  const expected = shownOf(session)
  if (status !== 200 || body !== expected)
    throw new WrongAnswer(`${server} answered ${status} ${body}, but the right answer is 200 ${expected}.`)
}

/** The session cookies that a server has given to new visitors. */
export class NewCookies {
  readonly #seen = new Set<string>()
  #sinceLastSample: string[] = []

  /** @throws WrongAnswer unless the answer sets a cookie that no earlier answer has set. */
  check(server: string, { head }: Answer): void {
    const cookies = cookiesOf(head)
    if (cookies === '') throw new WrongAnswer(`${server} gave no cookie to a new visitor.`)
    if (this.#seen.has(cookies)) throw new WrongAnswer(`${server} gave the same cookie to two new visitors.`)
    this.#seen.add(cookies)
    this.#sinceLastSample.push(cookies)
  }

  /** Returns up to `count` of the cookies since the last call, evenly spread. */
  sample(count: number): string[] {
    const cookies = this.#sinceLastSample
    this.#sinceLastSample = []
    const step = Math.max(1, Math.floor(cookies.length / count))
    return cookies.filter((_, index) => index % step === 0).slice(0, count)
  }
}
