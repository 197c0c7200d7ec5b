import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import type { Visitor } from './visitor.ts'

export const STREAM_HEADERS = {
  Accept: 'text/event-stream',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Dest': 'empty',
  'Sec-Fetch-Site': 'same-origin',
}

export interface OpenStream {
  status: number
  headers: IncomingMessage['headers']
  /** Everything received so far. */
  text(): string
  ended: Promise<void>
  /** Waits until the text matches. Returns the text. */
  until(pattern: RegExp): Promise<string>
  close(): void
}

/** Opens a stream as EventSource does, with this visitor's cookies. */
export function openStream(url: string, visitor: Visitor, headers: Record<string, string> = {}): Promise<OpenStream> {
  const Cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { ...STREAM_HEADERS, Cookie, ...headers } }, (response) =>
      resolve(readAlong(response)),
    )
    asked.on('error', reject)
    asked.end()
  })
}

function readAlong(response: IncomingMessage): OpenStream {
  let text = ''
  const ended = new Promise<void>((resolve) => response.once('close', resolve))
  response.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: () => text,
    ended,
    close: () => response.destroy(),
    async until(pattern) {
      while (!pattern.test(text)) {
        const more = new Promise<void>((resolve) => response.once('data', () => resolve()))
        await Promise.race([more, ended.then(() => assert.match(text, pattern, 'the stream ended before that'))])
      }
      return text
    },
  }
}
