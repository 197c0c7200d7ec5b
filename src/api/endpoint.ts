import type { Context } from 'koa'
import type { z } from 'zod'
import type { Account } from '../accounts/index.ts'
import type { Viewer } from '../crm/index.ts'
import type { Privilege } from '../crm-session/privileges.ts'
import type { ApiSession } from './api-session.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A request, validated against the endpoint's schemas. */
export interface OpenCall<Params = unknown, Query = unknown, Body = unknown> {
  readonly ctx: Context
  readonly params: Params
  readonly query: Query
  readonly body: Body
}

/** The same with the signed-in user. */
export interface Call<Params = unknown, Query = unknown, Body = unknown> extends OpenCall<Params, Query, Body> {
  readonly session: ApiSession
  /** The caller's account, as stored now. */
  readonly account: Account
  /** Which customers the caller may see. */
  readonly viewer: Viewer
}

export interface Reply {
  status: number
  /** Left out where there is nothing to say. */
  body?: unknown
  headers?: Record<string, string>
}

/** One answer that goes well. */
export interface Answer {
  description: string
  schema?: z.ZodType
  /** The headers worth knowing, each with what it says. */
  headers?: Record<string, string>
}

/** What is said of an endpoint: requests are checked by it, and the OpenAPI document is made from it. */
interface Declaration<Params, Query, Body> {
  /** How programs call it: `listCustomers`. */
  name: string
  method: Method
  /** Below the API's mount: `/customers/{id}`. Compared whole and as it is written. */
  path: string
  tag: string
  summary: string
  description?: string
  params?: z.ZodType<Params>
  query?: z.ZodType<Query>
  /** Accepts and ignores any query parameters. */
  anyQuery?: true
  body?: z.ZodType<Body>
  /** Request headers that it looks at. */
  headers?: Record<string, string>
  answers: Record<number, Answer>
  /** What can go wrong here beside what can go wrong everywhere. */
  problems?: Record<number, string>
}

/** A public endpoint, with or without a token. */
interface OpenEndpoint<Params = unknown, Query = unknown, Body = unknown> extends Declaration<Params, Query, Body> {
  access: 'open'
  handle(call: OpenCall<Params, Query, Body>): Promise<Reply>
}

/** An endpoint that needs a token. */
export interface GuardedEndpoint<Params = unknown, Query = unknown, Body = unknown>
  extends Declaration<Params, Query, Body> {
  /** A token that may only read is refused where something changes. */
  access: 'read' | 'write'
  /** The privilege that opens it; without one, being signed in is enough. */
  needs?: Privilege
  handle(call: Call<Params, Query, Body>): Promise<Reply>
}

export type Endpoint = OpenEndpoint | GuardedEndpoint

/** Declares a public endpoint. */
export function openEndpoint<Params, Query, Body>(
  declaration: Omit<OpenEndpoint<Params, Query, Body>, 'access'>,
): OpenEndpoint {
  return { ...declaration, access: 'open' }
}

/** Declares an endpoint that needs a token. Every method but GET needs write access. */
export function endpoint<Params, Query, Body>(
  declaration: Omit<GuardedEndpoint<Params, Query, Body>, 'access'>,
): GuardedEndpoint {
  return { ...declaration, access: declaration.method === 'GET' ? 'read' : 'write' }
}
