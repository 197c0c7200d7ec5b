import assert from 'node:assert/strict'
import type { Demo } from './demo.ts'
import { sessionIdOf } from './pages.ts'
import type { Answer, Visitor } from './visitor.ts'

/** A row on the page of API tokens. */
export interface TokenRow {
  name: string
  access: string
  made: string
  used: string
  expires: string
  /** The URL to which the button of the row posts. */
  revoke: string
}

/** The form token on the page of API tokens. */
export function formOn({ text }: Answer): string {
  return /name="once" value="([^"]+)"/.exec(text)?.[1] ?? ''
}

export async function makeToken(visitor: Visitor, fields: Record<string, string> = {}): Promise<Answer> {
  const once = formOn(await visitor.get('/account/tokens'))
  return visitor.post('/account/tokens', { name: 'Report', days: '30', scope: 'read', once, ...fields })
}

export function tokenOn(answer: Answer): string {
  const token = /id="token"[^>]*>([^<]+)</.exec(answer.text)?.[1]
  assert.ok(token, `no token on this page: ${answer.status} ${answer.text}`)
  return token
}

export async function tokensOf(visitor: Visitor): Promise<TokenRow[]> {
  const { text } = await visitor.get('/account/tokens')
  return [...text.matchAll(/<tr>\s*<th scope="row">([\s\S]*?)<\/tr>/g)].map(([, row = '']) => {
    const cell = (label: string) =>
      (new RegExp(`data-label="${label}">([\\s\\S]*?)</td>`).exec(row)?.[1] ?? '')
        .replace(/<[^>]*>/g, '')
        .replace(/\s+/g, ' ')
        .trim()
    return {
      name: row.slice(0, row.indexOf('</th>')),
      access: cell('Access'),
      made: cell('Made'),
      used: cell('Last used'),
      expires: cell('Expires'),
      revoke: /action="([^"]+)"/.exec(row)?.[1] ?? '',
    }
  })
}

export function callWith(demo: Demo, token: string, path = '/api/me', init: RequestInit = {}): Promise<Response> {
  return fetch(demo.url + path, { ...init, headers: { Authorization: `Bearer ${token}`, ...init.headers } })
}

/** Signs user 1 in on two devices. Also makes an API token and a one-time link. */
export async function everyWayIn(demo: Demo) {
  const [laptop, phone] = [demo.visitor(), demo.visitor()]
  await laptop.logInWell(1)
  await phone.logInWell(1)
  const token = tokenOn(await makeToken(phone))
  return { laptop, phone, token, link: await demo.parts.sessions?.createOTP(sessionIdOf(phone)) }
}
