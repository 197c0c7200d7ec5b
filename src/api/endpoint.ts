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
interface Call<Params = unknown, Query = unknown, Body = unknown> extends OpenCall<Params, Query, Body> {
  readonly session: ApiSession
  /** The caller's account, as stored now. */
  readonly account: Account
  /** Which customers the caller may see. */
  readonly viewer: Viewer
}

export interface Reply {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

/** A successful answer. */
interface Answer {
  description: string
  schema?: z.ZodType
  /** The documented headers, with their descriptions. */
  headers?: Record<string, string>
}

/** Validates the requests, and generates the OpenAPI document. */
interface Declaration<Params, Query, Body> {
  /** The operationId: `listCustomers`. */
  name: string
  method: Method
  /** Below the API's mount: `/customers/{id}`. */
  path: string
  tag: string
  summary: string
  description?: string
  params?: z.ZodType<Params>
  query?: z.ZodType<Query>
  /** Accepts and ignores any query parameters. */
  anyQuery?: true
  body?: z.ZodType<Body>
  /** The documented request headers. */
  headers?: Record<string, string>
  answers: Record<number, Answer>
  /** Errors of this endpoint, beside those of all endpoints. */
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
  /** `write` refuses read-only tokens. */
  access: 'read' | 'write'
  /** The required privilege; without one, being signed in is enough. */
  needs?: Privilege
  handle(call: Call<Params, Query, Body>): Promise<Reply>
}

export type Endpoint = OpenEndpoint | GuardedEndpoint

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
