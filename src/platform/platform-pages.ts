import type { Context } from 'koa'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Config } from '../config/config.ts'
import type { Clock } from '../session/index.ts'
import { formatExactTime } from '../web/format.ts'
import type { OwnOrigins } from '../web/own-origins.ts'
import type { PageModel } from '../web/pages.ts'
import { Problem } from '../web/problem.ts'
import { type ApprovalRequest, ApprovalRequests, type Call, noteCall } from './approval-requests.ts'
import { callBack } from './call-back.ts'
import { readRequestBody } from './read-request-body.ts'

const SLOW_MILLISECONDS = 30_000
const LONGEST_SHOWN = 300

const BEHAVIOURS = {
  prompt: 'answers at once',
  slow: 'takes half a minute to answer',
  down: 'is down: connections break off',
} as const
type Behaviour = keyof typeof BEHAVIOURS

const behaviourForm = z.object({ behaviour: z.enum(['prompt', 'slow', 'down']) })
const decisionForm = z.object({
  decision: z.enum(['approved', 'refused']),
  calls: z.enum(['once', 'twice', 'later']).default('once'),
})

export interface PlatformOptions {
  log: Logger
  clock: Clock
  /** The origins of the platform itself. */
  origins: OwnOrigins
  /** The hosts under which the CRM and the platform answer. */
  hosts: Pick<Config, 'host' | 'publicUrl'>
  /** Whether this origin is registered for callbacks. */
  isRegistered(origin: string): boolean
}

interface OverviewPage extends PageModel {
  behaviours: { value: Behaviour; label: string; selected: boolean }[]
  requests: { href: string; title: string; received: string; state: string }[]
}

interface RequestPage extends PageModel {
  heading: string
  facts: { label: string; value: string }[]
  received: string
  address: string
  /** '' while the request is undecided. */
  decision: string
  calls: { at: string; outcome: string; text: string; wrong: boolean }[]
}

/** Every visitor can approve or refuse requests. A real platform would authenticate its users. */
export function platformPages({ clock, isRegistered }: PlatformOptions) {
  const requests = new ApprovalRequests()
  let behaviour: Behaviour = 'prompt'

  const find = (ctx: Context): ApprovalRequest => {
    const request = requests.find(String(ctx.params.id))
    if (request === undefined) throw new Problem(404, 'There is no such request. Old ones are forgotten.')
    return request
  }

  const call = async (request: ApprovalRequest): Promise<void> => {
    if (request.decision === undefined) throw new Problem(409, 'This request is not decided yet.')
    const answer = await callBack(request.reply, request.decision, clock)
    const text = answer.answered ? answer.text.slice(0, LONGEST_SHOWN) : explain(answer.why)
    noteCall(request, { at: clock.now(), status: answer.answered ? answer.status : undefined, text })
  }

  return {
    async overview(ctx: Context) {
      ctx.show<OverviewPage>('overview', {
        title: 'Requests',
        behaviours: Object.entries(BEHAVIOURS).map(([value, label]) => ({
          value: value as Behaviour,
          label,
          selected: value === behaviour,
        })),
        requests: requests.all().map((request) => ({
          href: `/requests/${request.id}`,
          title: request.title,
          received: formatExactTime(request.receivedAt),
          state: request.decision ?? 'waiting',
        })),
      })
    },

    /** Selects how the platform behaves, for demonstrations and tests of failures. */
    async behave(ctx: Context) {
      behaviour = read(behaviourForm, ctx.request.body).behaviour
      back(ctx, '/')
    },

    async receive(ctx: Context, body: unknown) {
      if (behaviour === 'down') {
        ctx.respond = false
        ctx.req.socket.destroy()
        return
      }
      const request = requests.add(readRequestBody(body, isRegistered), clock.now())
      if (behaviour === 'slow') await waitOrLeave(ctx)
      ctx.status = 201
      ctx.body = { id: request.id }
    },

    async show(ctx: Context) {
      const request = find(ctx)
      ctx.show<RequestPage>('request', {
        title: request.title,
        heading: request.title,
        facts: request.facts,
        received: formatExactTime(request.receivedAt),
        address: `/requests/${request.id}`,
        decision: request.decision ?? '',
        calls: request.calls.map(showCall),
      })
    },

    async decide(ctx: Context) {
      const request = find(ctx)
      const { decision, calls } = read(decisionForm, ctx.request.body)
      if (request.decision !== undefined) throw new Problem(409, `This was ${request.decision} before.`)
      request.decision = decision
      const times = { later: 0, once: 1, twice: 2 }[calls]
      await Promise.all(Array.from({ length: times }, () => call(request)))
      back(ctx, `/requests/${request.id}`)
    },

    async callAgain(ctx: Context) {
      const request = find(ctx)
      await call(request)
      back(ctx, `/requests/${request.id}`)
    },
  }

  function waitOrLeave(ctx: Context): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(SLOW_MILLISECONDS, resolve)
      ctx.res.once('close', () => {
        cancel()
        resolve()
      })
    })
  }
}

function read<T>(form: z.ZodType<T>, body: unknown): T {
  const result = form.safeParse(body)
  if (!result.success) throw new Problem(422, 'Choose one of the buttons of the page.')
  return result.data
}

function back(ctx: Context, path: string): void {
  ctx.status = 303
  ctx.redirect(path)
}

function showCall({ at, status, text }: Call): RequestPage['calls'][number] {
  const wrong = status === undefined || status >= 400
  return { at: formatExactTime(at), outcome: status === undefined ? 'no answer' : `answered ${status}`, text, wrong }
}

function explain(why: 'unreachable' | 'slow'): string {
  return why === 'slow' ? 'It did not answer in time.' : 'It could not be reached.'
}
