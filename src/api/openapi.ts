import { z } from 'zod'
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiOverride,
  type ZodOpenApiPathsObject,
} from 'zod-openapi'
import type { Endpoint } from './endpoint.ts'
import { MOUNT } from './mount.ts'
import { failure } from './shapes.ts'

const VERSION = '1.0.0'

const ABOUT = `Sign in with \`POST ${MOUNT}/signin\`, then send the token with each request: \`Authorization: Bearer <token>\`.

Amounts are whole cents, days are \`2026-01-31\`, moments are ISO 8601 in UTC. Bodies are JSON in UTF-8, 64 kB at most. If a name is
repeated, its last value counts. An unknown name is refused. An endpoint without a body ignores the body of a request. An empty query
parameter counts as not given.
Errors always have the same two members, \`isCallbackError\` and \`message\`. Only the response to a request that is not valid HTTP has no
body: 400 for a malformed request, 431 for headers above 16 kB, and 408 for a request that is too slow. Lists are paged by key: send the
\`next\` of one page as \`after\` for the next page. \`HEAD\` has the status and headers of \`GET\`. \`OPTIONS\` lists the methods.`

const PROBLEMS: Record<number, string> = {
  400: 'The request is malformed.',
  401: 'The token is missing or has ended.',
  403: 'Your account, or this token, may not do this.',
  404: 'Not found, or not yours.',
  413: 'The body is too large.',
  415: 'The body is not JSON in UTF-8.',
  422: 'Something in the request is missing or wrong; the message names it.',
  500: 'The server failed.',
  503: 'Temporarily unavailable; `Retry-After`, where present, says when to try again.',
}
const PROBLEM_HEADERS: Record<number, string> = { 401: 'WWW-Authenticate', 429: 'Retry-After', 503: 'Retry-After' }

export function describeApi(endpoints: readonly Endpoint[], appName: string): object {
  const paths: ZodOpenApiPathsObject = {}
  for (const endpoint of endpoints)
    paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method.toLowerCase()]: describe(endpoint) }
  const bearer = {
    type: 'http',
    scheme: 'bearer',
    description: `A token from \`${MOUNT}/signin\`, or an API token of yours.`,
  } as const
  return createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: appName,
        version: VERSION,
        summary: 'Customers over REST, with bearer tokens.',
        description: ABOUT,
      },
      servers: [{ url: MOUNT }],
      security: [{ bearer: [] }],
      tags: [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({ name })),
      paths,
      components: { securitySchemes: { bearer } },
    },
    { override: shorten },
  )
}

function describe(endpoint: Endpoint): ZodOpenApiOperationObject {
  const { name, tag, summary, description, body, access, params, query, headers, answers } = endpoint
  const responses = Object.entries(answers).map(([status, { schema, ...answer }]) => [
    status,
    responseOf(answer.description, schema, answer.headers),
  ])
  return {
    operationId: name,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(access === 'open' && { security: [{}, { bearer: [] }] }),
    requestParams: {
      ...(params && { path: params as z.ZodObject }),
      ...(query && { query: query as z.ZodObject }),
      ...(headers && { header: headersOf(headers) }),
    },
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { ...Object.fromEntries(responses), ...problemsOf(endpoint) },
  }
}

function problemsOf({ access, params, body, problems = {} }: Endpoint) {
  const always = [
    400,
    422,
    500,
    503,
    ...(access === 'open' ? [] : [401, 403]),
    ...(params ? [404] : []),
    ...(body ? [413, 415] : []),
  ]
  const all: Record<string, string> = {
    ...Object.fromEntries(always.map((status) => [status, PROBLEMS[status] ?? ''])),
    ...problems,
  }
  return Object.fromEntries(
    Object.entries(all).map(([status, description]) => {
      const header = PROBLEM_HEADERS[Number(status)]
      return [status, responseOf(description, failure, header === undefined ? undefined : { [header]: '' })]
    }),
  )
}

function responseOf(description: string, schema: z.ZodType | undefined, headers: Record<string, string> | undefined) {
  return {
    description,
    ...(headers && { headers: headersOf(headers) }),
    ...(schema && { content: { 'application/json': { schema } } }),
  }
}

function headersOf(headers: Record<string, string>) {
  const described = Object.entries(headers).map(([name, description]) => [
    name,
    z
      .string()
      .optional()
      .meta(description === '' ? {} : { description }),
  ])
  return z.object(Object.fromEntries(described) as Record<string, z.ZodType<string | undefined>>)
}

/** Removes redundant keywords of a schema: the pattern beside a `format`, and the limits of safe integers. */
const shorten: ZodOpenApiOverride = ({ jsonSchema }) => {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
}
