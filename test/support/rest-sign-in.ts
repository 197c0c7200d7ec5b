import assert from 'node:assert/strict'
import type { Demo } from './demo.ts'

export async function signInOverRest(demo: Demo, userId: number): Promise<string> {
  const answer = await demo.visitor().send('/api/signin', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: userId, password: 'crm-demo' }),
  })
  assert.equal(answer.status, 200, answer.text)
  return JSON.parse(answer.text).token
}
