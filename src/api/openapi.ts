import { z } from 'zod'
import type { Endpoint } from './endpoint.ts'
import { MOUNT } from './mount.ts'
import { failure } from './shapes.ts'

const VERSION = '1.0.0'
const JSON_TYPE = 'application/json'

const ABOUT = `Sign in with \`POST ${MOUNT}/signin\`, then send the token with each request: \`Authorization: Bearer <token>\`.

Amounts are whole cents, days are \`2026-01-31\`, moments are ISO 8601 in UTC. Bodies are JSON in UTF-8, 64 kB at most; a name that comes
twice counts with its last value, one that no schema knows is refused, and bodies of requests that take none are not looked at. A parameter of the address that is empty counts as
not given.
Errors always have the same two members, \`isCallbackError\` and \`message\`; only what is no HTTP request at all (one that cannot be
parsed, 400; one whose head is above 16 kB, 431; one that comes too slowly, 408) is answered below, without a body. Lists are paged by key: give \`next\` of one page as \`after\` of the
following one. \`HEAD\` answers what \`GET\` would, \`OPTIONS\` which methods there are.`

const PROBLEMS: Record<number, string> = {
  400: 'The request could not be read.',
  401: 'There is no live token with this request.',
  403: 'Your account, or this token, may not do this.',
  404: 'There is no such thing, or it is not yours.',
  413: 'That was too much.',
  415: 'The body is not JSON in UTF-8.',
  422: 'Something in the request is missing or wrong; the message names it.',
  500: 'Something went wrong on our side.',
  503: 'Not available right now; `Retry-After`, where it helps, says when to try again.',
}
const PROBLEM_HEADERS: Record<number, string> = {
  401: 'WWW-Authenticate',
  429: 'Retry-After',
  503: 'Retry-After',
}

/** The OpenAPI 3.1 document of these endpoints, made from the schemas that check the requests. */
export function describeApi(endpoints: readonly Endpoint[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const endpoint of endpoints) {
    const path = paths[endpoint.path] ?? {}
    path[endpoint.method.toLowerCase()] = describe(endpoint)
    paths[endpoint.path] = path
  }
  return {
    openapi: '3.1.1',
    info: { title: 'CRM', version: VERSION, summary: 'Customers over REST, with bearer tokens.', description: ABOUT },
    servers: [{ url: MOUNT }],
    security: [{ bearer: [] }],
    tags: [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: namedSchemas(endpoints),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: `A token from \`${MOUNT}/signin\`, or an API token of yours.`,
        },
      },
    },
  }
}

function describe(endpoint: Endpoint): object {
  const { name, tag, summary, description, body, access } = endpoint
  return {
    operationId: name,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(access === 'open' && { security: [{}, { bearer: [] }] }),
    parameters: [
      ...parametersOf(endpoint.params, 'path'),
      ...parametersOf(endpoint.query, 'query'),
      ...Object.entries(endpoint.headers ?? {}).map(([header, says]) => ({
        name: header,
        in: 'header',
        required: false,
        description: says,
        schema: { type: 'string' },
      })),
    ],
    ...(body && { requestBody: { required: true, content: { [JSON_TYPE]: { schema: refer(body) } } } }),
    responses: { ...answersOf(endpoint), ...problemsOf(endpoint) },
  }
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query'): object[] {
  if (schema === undefined) return []
  // What a parameter becomes once it is read: a number, where the address has digits.
  const { properties = {} } = z.toJSONSchema(schema, { io: 'output', override: shorten })
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property as { description?: string }
    const required = place === 'path'
    return { name, in: place, required, ...(description !== undefined && { description }), schema: rest }
  })
}

function answersOf({ answers }: Endpoint): object {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, headers }]) => [
      status,
      {
        description,
        ...(headers && { headers: describeHeaders(headers) }),
        ...(schema && { content: { [JSON_TYPE]: { schema: refer(schema) } } }),
      },
    ]),
  )
}

function problemsOf(endpoint: Endpoint): object {
  const { access, params, body, problems = {} } = endpoint
  const always = [
    400,
    422,
    500,
    503,
    ...(access === 'open' ? [] : [401, 403]),
    ...(params ? [404] : []),
    ...(body ? [413, 415] : []),
  ]
  const all = { ...Object.fromEntries(always.map((status) => [status, PROBLEMS[status] ?? ''])), ...problems }
  return Object.fromEntries(
    Object.entries(all).map(([status, description]) => {
      const header = PROBLEM_HEADERS[Number(status)]
      return [
        status,
        {
          description,
          ...(header && { headers: describeHeaders({ [header]: '' }) }),
          content: { [JSON_TYPE]: { schema: refer(failure) } },
        },
      ]
    }),
  )
}

function describeHeaders(headers: Record<string, string>): object {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { ...(description !== '' && { description }), schema: { type: 'string' } },
    ]),
  )
}

function refer(schema: z.ZodType): object {
  return { $ref: addressOf(nameOf(schema)) }
}

/** Every schema of a body or an answer under its name, and whatever named schemas they contain. */
function namedSchemas(endpoints: readonly Endpoint[]): object {
  const registry = z.registry<{ id: string }>()
  const bodies = endpoints.flatMap(({ body, answers }) => [body, ...Object.values(answers).map(({ schema }) => schema)])
  for (const schema of [failure, ...bodies])
    if (schema && !registry.has(schema)) registry.add(schema, { id: nameOf(schema) })
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: addressOf, override: shorten })
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _dialect, $id: _address, id: _name, ...schema }]) => [name, schema]),
  )
}

/** Leaves out what only repeats: the pattern of a known format, and the range that numbers have in JavaScript. */
function shorten({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
}

function addressOf(name: string): string {
  return `#/components/schemas/${name}`
}

function nameOf(schema: z.ZodType): string {
  const name = schema.meta()?.id
  if (name === undefined) throw new TypeError('A body or an answer has no name: give its schema .meta({ id }).')
  return name
}
