import assert from 'node:assert/strict'
import type { Demo } from './demo.ts'
import type { Answer, Visitor } from './visitor.ts'

/** `body` is the parsed JSON, or '' for an empty body. */
export interface ApiAnswer extends Answer {
  // biome-ignore lint/suspicious/noExplicitAny: tests compare the body with what they expect
  body: any
}

export interface ApiCall {
  /** Sent as JSON. A string or buffer is sent unchanged. */
  body?: unknown
  headers?: Record<string, string | string[] | undefined>
}

// `Visitor` sends these headers as a browser does. `undefined` removes them, because this client is no browser.
const PROGRAM = {
  Accept: undefined,
  'Sec-Fetch-Site': undefined,
  'Sec-Fetch-Mode': undefined,
  'Sec-Fetch-Dest': undefined,
}

export const NEW_CUSTOMER = {
  name: 'Brightwater Mills',
  country: 'Ireland',
  city: 'Cork',
  industry: 'Textiles',
  contact: 'Nora Byrne',
  email: 'nora@brightwater.example',
  phone: '+353 21 555 0100',
}

/** A program that calls the API. */
export class ApiClient {
  token: string
  readonly #visitor: Visitor

  constructor({ visitor }: Pick<Demo, 'visitor'>, token = '') {
    this.#visitor = visitor()
    this.token = token
  }

  get(path: string, headers: ApiCall['headers'] = {}): Promise<ApiAnswer> {
    return this.send('GET', path, { headers })
  }

  post(path: string, body?: unknown): Promise<ApiAnswer> {
    return this.send('POST', path, { body })
  }

  async signIn(username: number | string, more: object = {}): Promise<ApiAnswer> {
    const answer = await this.post('/signin', { username, password: 'crm-demo', ...more })
    assert.equal(answer.status, 200, answer.text)
    this.token = answer.body.token
    return answer
  }

  /** Checks what every answer of the API must satisfy. */
  async send(method: string, path: string, { body, headers = {} }: ApiCall = {}): Promise<ApiAnswer> {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
    const answer = await this.#visitor.send(`/api${path}`, {
      method,
      headers: {
        ...PROGRAM,
        Origin: undefined,
        ...(this.token !== '' && { Authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
    })
    assertWellFormed(answer, method)
    return { ...answer, body: answer.text === '' ? '' : JSON.parse(answer.text) }
  }
}

export async function signedIn(demo: Demo, username: number | string, more: object = {}): Promise<ApiClient> {
  const client = new ApiClient(demo)
  await client.signIn(username, more)
  return client
}

/** Checks that the body has exactly the two members of an error. */
export function assertProblem({ status, body, headers }: ApiAnswer, expected: number, words?: RegExp): void {
  assert.equal(status, expected, JSON.stringify(body))
  assert.deepEqual(Object.keys(body), ['isCallbackError', 'message'])
  assert.equal(body.isCallbackError, true)
  assert.ok(typeof body.message === 'string' && body.message !== '')
  if (words !== undefined) assert.match(body.message, words)
  assert.equal(headers['www-authenticate'], expected === 401 ? 'Bearer' : undefined)
}

function assertWellFormed({ status, headers, setCookies, text }: Answer, method: string): void {
  assert.deepEqual(setCookies, [], 'the API never sets a cookie')
  assert.doesNotMatch(String(headers.vary), /cookie/i, 'no answer depends on a cookie')
  assert.match(String(headers['cache-control']), /^no-(store|cache)$/)
  if (status === 204 || status === 304 || method === 'HEAD') assert.equal(text, '')
  else assert.equal(headers['content-type'], 'application/json; charset=utf-8')
}
