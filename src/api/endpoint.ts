import type { Context } from 'koa'
import type { z } from 'zod'
import type { Account } from '../accounts/index.ts'
import type { Viewer } from '../crm/index.ts'
import type { Privilege } from '../crm-session/privileges.ts'
import type { ApiSession } from './api-session.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A request after validation. */
export interface OpenCall<Params = unknown, Query = unknown, Body = unknown> {
  readonly ctx: Context
  readonly params: Params
  readonly query: Query
  readonly body: Body
}

interface Call<Params = unknown, Query = unknown, Body = unknown> extends OpenCall<Params, Query, Body> {
  readonly session: ApiSession
  /** Read from the database during this request. */
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
  /** Name to description. */
  headers?: Record<string, string>
}

/** Validates the requests of an endpoint. The OpenAPI document is generated from it, too. */
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
  /** Ignores the query. Without it, an unknown query parameter is answered with 422. */
  anyQuery?: true
  body?: z.ZodType<Body>
  /** Name to description. */
  headers?: Record<string, string>
  answers: Record<number, Answer>
  /** Error responses of this endpoint only: status to description. */
  problems?: Record<number, string>
}

/** A token is optional. */
interface OpenEndpoint<Params = unknown, Query = unknown, Body = unknown> extends Declaration<Params, Query, Body> {
  access: 'open'
  handle(call: OpenCall<Params, Query, Body>): Promise<Reply>
}

/** A token is required. */
export interface GuardedEndpoint<Params = unknown, Query = unknown, Body = unknown>
  extends Declaration<Params, Query, Body> {
  /** `write` refuses tokens whose scope is `read`. */
  access: 'read' | 'write'
  /** The required privilege. Without it, any signed-in user has access. */
  needs?: Privilege
  handle(call: Call<Params, Query, Body>): Promise<Reply>
}

export type Endpoint = OpenEndpoint | GuardedEndpoint

export function openEndpoint<Params, Query, Body>(
  declaration: Omit<OpenEndpoint<Params, Query, Body>, 'access'>,
): OpenEndpoint {
  return { ...declaration, access: 'open' }
}

/** GET needs a token that may read. Every other method needs a token that may write. */
export function endpoint<Params, Query, Body>(
  declaration: Omit<GuardedEndpoint<Params, Query, Body>, 'access'>,
): GuardedEndpoint {
  return { ...declaration, access: declaration.method === 'GET' ? 'read' : 'write' }
}
