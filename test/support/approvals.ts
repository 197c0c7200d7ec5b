import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startPlatform } from '../../src/process/start-platform.ts'
import { type Demo, startDemo } from './demo.ts'
import { headingOf } from './pages.ts'
import type { Scope } from './process.ts'
import { type Answer, Visitor } from './visitor.ts'

/** This customer belongs to userId 4. */
export const CUSTOMER = 1

export interface Approvals {
  demo: Demo
  salesperson: Visitor
  /** Requests a discount. Returns the page that follows. */
  ask(fields?: Record<string, string>): Promise<Answer>
}

/** The demo with its own platform. The visitor `approver` decides on the platform's pages. */
export async function startWithPlatform(scope: Scope): Promise<Approvals & { approver: Visitor; platformUrl: string }> {
  const demo = await startDemo(scope)
  const platform = await startPlatform(demo.parts, demo.port)
  assert.ok(platform)
  scope.after(() => platform.stop())
  const platformUrl = `http://127.0.0.1:${platform.port}`
  return { ...(await signIn(demo)), approver: new Visitor(platformUrl), platformUrl }
}

export interface Recorded {
  headers: IncomingHttpHeaders
  body: { title: string; reply: { callback?: string; redirectUri?: string; state?: string } }
}

/** The demo with a platform that only records requests. */
export async function startWithRecorder(
  scope: Scope,
  overrides: Parameters<typeof startDemo>[2] = {},
): Promise<Approvals & { received: Recorded[] }> {
  const demo = await startDemo(scope, {}, overrides)
  const received: Recorded[] = []
  const recorder = createServer(async (request, response) => {
    let text = ''
    for await (const piece of request.setEncoding('utf8')) text += piece
    received.push({ headers: request.headers, body: JSON.parse(text) })
    response.writeHead(201, { 'Content-Type': 'application/json', 'Set-Cookie': 'theirs=1' })
    response.end(JSON.stringify({ id: `theirs-${received.length}` }))
  })
  recorder.listen(0, '127.0.0.1')
  await once(recorder, 'listening')
  scope.after(() => {
    recorder.closeAllConnections()
    recorder.close()
  })
  demo.parts.platform.bound((recorder.address() as AddressInfo).port)
  return { ...(await signIn(demo)), received }
}

async function signIn(demo: Demo): Promise<Approvals> {
  const salesperson = demo.visitor()
  await salesperson.logInWell(4)
  return {
    demo,
    salesperson,
    async ask(fields = {}) {
      const form = { customer: String(CUSTOMER), percent: '10', reason: '', scenario: '$4DSID', ...fields }
      return salesperson.follow(await salesperson.post('/operations', form))
    },
  }
}

export function stateOf({ text }: Answer): string {
  return /<span class="badge [a-z]+">([^<]*)</.exec(text)?.[1] ?? ''
}

/** The URL of the platform's page for this operation. */
export function platformPageOf({ text }: Answer): URL | undefined {
  const href = /class="button" href="([^"]+)" target="_blank"/.exec(text)?.[1]
  return href === undefined ? undefined : new URL(href)
}

export function problemOf(answer: Answer): string {
  return `${headingOf(answer)}: ${/<p class="lead">([^<]*)</.exec(answer.text)?.[1] ?? ''}`
}
