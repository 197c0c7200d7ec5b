import type { Clock } from '../session/index.ts'

export type Answer = { answered: true; status: number; text: string } | { answered: false; why: 'unreachable' | 'slow' }

const LARGEST_ANSWER_BYTES = 16_384

/** Reads at most 16 kB of the response. Never throws, follows no redirect, and sends no cookie. */
export async function fetchText(
  url: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string },
  clock: Clock,
  patienceMilliseconds: number,
): Promise<Answer> {
  const patience = new AbortController()
  const stopWaiting = clock.after(patienceMilliseconds, () => patience.abort())
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: patience.signal,
      ...(body !== undefined && { body }),
    })
    return { answered: true, status: response.status, text: await beginningOf(response) }
  } catch {
    return { answered: false, why: patience.signal.aborted ? 'slow' : 'unreachable' }
  } finally {
    stopWaiting()
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return ''
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body) {
    pieces.push(piece)
    size += piece.length
    if (size >= LARGEST_ANSWER_BYTES) break
  }
  return Buffer.concat(pieces).subarray(0, LARGEST_ANSWER_BYTES).toString()
}
