import type { Context } from 'koa'
import type { z } from 'zod'
import type { Account } from '../accounts/index.ts'
import type { Viewer } from '../crm/index.ts'
import type { Privilege } from '../crm-session/privileges.ts'
import type { ApiSession } from './api-session.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A request that was validated against the endpoint's schemas. */
export interface OpenCall<Params = unknown, Query = unknown, Body = unknown> {
  readonly ctx: Context
  readonly params: Params
  readonly query: Query
  readonly body: Body
}

/** A validated request of a signed-in user. */
interface Call<Params = unknown, Query = unknown, Body = unknown> extends OpenCall<Params, Query, Body> {
  readonly session: ApiSession
  /** The caller's account, read from the database during this request. */
  readonly account: Account
  /** Determines which customers the caller may see. */
  readonly viewer: Viewer
}

export interface Reply {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

/** A documented successful response. */
interface Answer {
  description: string
  schema?: z.ZodType
  /** The documented response headers: name to description. */
  headers?: Record<string, string>
}

/** Describes an endpoint. Requests are validated with it, and the OpenAPI document is generated from it. */
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
  /** Ignores all query parameters. By default, unknown parameters are refused. */
  anyQuery?: true
  body?: z.ZodType<Body>
  /** The documented request headers: name to description. */
  headers?: Record<string, string>
  answers: Record<number, Answer>
  /** The additional error responses of this endpoint: status to description. */
  problems?: Record<number, string>
}

/** A public endpoint. A token is optional. */
interface OpenEndpoint<Params = unknown, Query = unknown, Body = unknown> extends Declaration<Params, Query, Body> {
  access: 'open'
  handle(call: OpenCall<Params, Query, Body>): Promise<Reply>
}

/** An endpoint that needs a token. */
export interface GuardedEndpoint<Params = unknown, Query = unknown, Body = unknown>
  extends Declaration<Params, Query, Body> {
  /** `write` refuses tokens whose scope is `read`. */
  access: 'read' | 'write'
  /** The required privilege. By default any signed-in user has access. */
  needs?: Privilege
  handle(call: Call<Params, Query, Body>): Promise<Reply>
}

export type Endpoint = OpenEndpoint | GuardedEndpoint

export function openEndpoint<Params, Query, Body>(
  declaration: Omit<OpenEndpoint<Params, Query, Body>, 'access'>,
): OpenEndpoint {
  return { ...declaration, access: 'open' }
}

/** Declares an endpoint that needs a token. GET needs read access, and every other method needs write access. */
export function endpoint<Params, Query, Body>(
  declaration: Omit<GuardedEndpoint<Params, Query, Body>, 'access'>,
): GuardedEndpoint {
  return { ...declaration, access: declaration.method === 'GET' ? 'read' : 'write' }
}
