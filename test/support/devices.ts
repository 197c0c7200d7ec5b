import assert from 'node:assert/strict'
import type { Visitor } from './visitor.ts'

/** A card on the page "Your devices". */
export interface DeviceCard {
  what: string
  isThis: boolean
  facts: Record<string, string>
  /** The URL to which the button of the card posts. */
  end: string
}

export const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0'
export const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1'

export async function devicesOf(visitor: Visitor, userAgent = ''): Promise<DeviceCard[]> {
  const { status, text } = await visitor.get('/account/sessions', userAgent ? { 'User-Agent': userAgent } : {})
  assert.equal(status, 200)
  return [...text.matchAll(/<li class="card( this)?">([\s\S]*?)<\/li>/g)].map(([, isThis, card = '']) => ({
    what: (/<h2>([^<]*)/.exec(card)?.[1] ?? '').trim(),
    isThis: isThis !== undefined,
    facts: Object.fromEntries(
      [...card.matchAll(/<dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].map(([, label = '', value = '']) => [label, value]),
    ),
    end: /action="([^"]+)"/.exec(card)?.[1] ?? '',
  }))
}

export function logInFrom(visitor: Visitor, userAgent: string, userId: number | string, password = 'crm-demo') {
  return visitor.post('/4DACTION/authenticate', { userId: String(userId), password }, { 'User-Agent': userAgent })
}
