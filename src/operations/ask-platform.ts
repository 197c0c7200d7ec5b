import { z } from 'zod'
import type { Clock } from '../session/index.ts'
import { fetchText } from '../web/fetch-text.ts'

/** A request for approval. It contains the callback's one-time token, but no cookie. */
export interface Question {
  title: string
  facts: { label: string; value: string }[]
  reply: { callback: string } | { redirectUri: string; state: string }
}

type Asked =
  | { ok: true; platformId: string }
  | { ok: false; problem: 'unreachable' | 'unanswered' | 'rejected'; status?: number }

// The timeout is short, because the salesperson's page waits for the platform's response.
const PATIENCE_MILLISECONDS = 5_000

const accepted = z.object({ id: z.string().regex(/^[\w-]{1,32}$/) })

/** Sends a request to the platform. Never throws. Returns a failure as a result. */
export async function askPlatform(platformUrl: string, question: Question, clock: Clock): Promise<Asked> {
  const answer = await fetchText(
    `${platformUrl}/requests`,
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify(question),
    },
    clock,
    PATIENCE_MILLISECONDS,
  )
  if (!answer.answered) return { ok: false, problem: answer.why === 'slow' ? 'unanswered' : 'unreachable' }
  const read = accepted.safeParse(parse(answer.text))
  if (answer.status !== 201 || !read.success) return { ok: false, problem: 'rejected', status: answer.status }
  return { ok: true, platformId: read.data.id }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
