import type { Context } from 'koa'
import type { z } from 'zod'
import type { Account } from '../accounts/index.ts'
import type { Viewer } from '../crm/index.ts'
import type { Privilege } from '../crm-session/privileges.ts'
import type { ApiSession } from './api-session.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A validated request. */
export interface OpenCall<Params = unknown, Query = unknown, Body = unknown> {
  readonly ctx: Context
  readonly params: Params
  readonly query: Query
  readonly body: Body
}

interface Call<Params = unknown, Query = unknown, Body = unknown> extends OpenCall<Params, Query, Body> {
  readonly session: ApiSession
  /** The account of the user, read from the database during this request. */
  readonly account: Account
  readonly viewer: Viewer
}

export interface Reply {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

interface Answer {
  description: string
  schema?: z.ZodType
  /** Descriptions of the response headers, by name. */
  headers?: Record<string, string>
}

/** Describes an endpoint. The description is used to validate requests and to generate the OpenAPI document. */
interface Declaration<Params, Query, Body> {
  /** The `operationId`, for example `listCustomers`. */
  name: string
  method: Method
  /** The path below `/api`, for example `/customers/{id}`. */
  path: string
  tag: string
  summary: string
  description?: string
  params?: z.ZodType<Params>
  query?: z.ZodType<Query>
  /** Set when the query is ignored. If not set, an unknown query parameter is answered with 422. */
  anyQuery?: true
  body?: z.ZodType<Body>
  /** Descriptions of the request headers, by name. */
  headers?: Record<string, string>
  answers: Record<number, Answer>
  /** Descriptions of error responses that are specific to this endpoint, by status. */
  problems?: Record<number, string>
}

/** An endpoint that does not require a token. */
interface OpenEndpoint<Params = unknown, Query = unknown, Body = unknown> extends Declaration<Params, Query, Body> {
  access: 'open'
  handle(call: OpenCall<Params, Query, Body>): Promise<Reply>
}

/** An endpoint that requires a token. */
export interface GuardedEndpoint<Params = unknown, Query = unknown, Body = unknown>
  extends Declaration<Params, Query, Body> {
  /** `write`: the endpoint refuses tokens whose scope is `read`. */
  access: 'read' | 'write'
  /** The required privilege. If not set, every signed-in user has access. */
  needs?: Privilege
  handle(call: Call<Params, Query, Body>): Promise<Reply>
}

export type Endpoint = OpenEndpoint | GuardedEndpoint

export function openEndpoint<Params, Query, Body>(
  declaration: Omit<OpenEndpoint<Params, Query, Body>, 'access'>,
): OpenEndpoint {
  return { ...declaration, access: 'open' }
}

/** Declares an endpoint that requires a token. For every method except GET, the token must be allowed to write. */
export function endpoint<Params, Query, Body>(
  declaration: Omit<GuardedEndpoint<Params, Query, Body>, 'access'>,
): GuardedEndpoint {
  return { ...declaration, access: declaration.method === 'GET' ? 'read' : 'write' }
}
