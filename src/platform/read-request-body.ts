import { z } from 'zod'
import { Problem } from '../web/problem.ts'

/** The callback of a request: a complete URL, or a URL and a `state` that the platform returns unchanged. */
export type Reply = { callback: string } | { redirectUri: string; state: string }

export interface RequestBody {
  title: string
  facts: { label: string; value: string }[]
  reply: Reply
}

const LONGEST_ADDRESS = 2000
const LONGEST_STATE = 500

const address = z.string().max(LONGEST_ADDRESS).refine(isWebAddress, 'use an http or https address without a fragment')
const schema = z.strictObject({
  title: z.string().min(1).max(200),
  facts: z.array(z.strictObject({ label: z.string().max(60), value: z.string().max(500) })).max(20),
  reply: z.union([
    z.strictObject({ callback: address }),
    z.strictObject({ redirectUri: address, state: z.string().min(1).max(LONGEST_STATE) }),
  ]),
})

/** @throws `Problem` with status 422 when the request is malformed or its callback is not at a registered origin. */
export function readRequestBody(body: unknown, isRegistered: (origin: string) => boolean): RequestBody {
  const read = schema.safeParse(body)
  if (!read.success) throw new Problem(422, `${describe(read.error)}.`)
  const { reply } = read.data
  if (!isRegistered(new URL('callback' in reply ? reply.callback : reply.redirectUri).origin))
    throw new Problem(422, 'This platform calls back to registered addresses only.')
  return read.data
}

function describe({ issues: [issue] }: z.ZodError): string {
  return `Field ${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'cannot be used'}`
}

function isWebAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && !url.username && !url.password && !text.includes('#')
}
