import type { Cookie } from '@playwright/test'
import { type Answer, Visitor } from '../../support/visitor.ts'
import type { Terminal } from './pictures.ts'

/** A program of a user that calls the REST API. */
export class Program implements Terminal {
  readonly name: string
  readonly lines: string[] = []
  readonly #url: string

  constructor(name: string, url: string) {
    this.name = name
    this.#url = url
  }

  async calls(path: string, token: string): Promise<{ status: number; body: unknown }> {
    const headers = { Authorization: `Bearer ${token}`, 'User-Agent': 'report/1.0 (nightly)' }
    const answer = await fetch(`${this.#url}${path}`, { headers })
    const body = await answer.json()
    this.lines.push(`$ curl ${this.#url}${path} -H 'Authorization: Bearer …'`, '')
    this.lines.push(`HTTP ${answer.status}`, JSON.stringify(body, null, 2), '')
    return { status: answer.status, body }
  }
}

/** An attacker on another machine, with copies of a user's cookies. */
export class Thief implements Terminal {
  readonly name = 'A thief'
  readonly lines: string[] = []
  readonly #url: string
  readonly #visitor: Visitor

  constructor(url: string) {
    this.#url = url
    this.#visitor = new Visitor(url)
  }

  copies(cookies: readonly Cookie[]): void {
    for (const { name, value } of cookies) this.#visitor.cookies.set(name, value)
  }

  notes(text: string): void {
    this.lines.push(`# ${text}`)
  }

  async gets(path: string): Promise<Answer> {
    const answer = await this.#visitor.get(path)
    this.lines.push(`$ curl ${this.#url}${path} -b 'the copied cookies'`, '', `HTTP ${answer.status}`)
    if (answer.location !== undefined) this.lines.push(`Location: ${answer.location}`)
    this.lines.push('')
    return answer
  }

  /** Like the script of a page, which wants an error and no page. */
  fetches(path: string): Promise<Answer> {
    return this.#visitor.get(path, { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' })
  }
}
