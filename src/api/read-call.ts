import type { Context } from 'koa'
import { z } from 'zod'
import { describeIssue, describeIssues } from '../web/describe-issue.ts'
import { Problem } from '../web/problem.ts'
import { jsonReader } from '../web/read-json.ts'
import type { Endpoint, OpenCall } from './endpoint.ts'

const NO_QUERY = z.strictObject({})

/**
 * Validates requests with the schemas of their endpoints. An invalid path parameter is answered with 404, a repeated
 * query parameter with 400, and any other invalid field with 422.
 */
export function callReader() {
  const readJson = jsonReader()
  return async function readCall(
    ctx: Context,
    { params, query, body, anyQuery }: Endpoint,
    inPath: Record<string, string>,
  ): Promise<OpenCall> {
    return {
      ctx,
      params: params && checkPath(params, inPath),
      query: anyQuery ? {} : checkQuery(query ?? NO_QUERY, ctx.query),
      body: body && check(body, await readJson(ctx)),
    }
  }
}

function checkPath(schema: z.ZodType, inPath: Record<string, string>): unknown {
  const read = schema.safeParse(inPath)
  if (read.success) return read.data
  throw new Problem(404, `${read.error.issues[0]?.message}.`)
}

function check(schema: z.ZodType, value: unknown): unknown {
  const read = schema.safeParse(value, { error: describeIssue })
  if (read.success) return read.data
  throw new Problem(422, describeIssues(read.error))
}

/** A known parameter with an empty value, such as `search` in `?search=&sort=total`, counts as missing. */
function checkQuery(schema: z.ZodType, query: Record<string, unknown>): unknown {
  const known = schema instanceof z.ZodObject ? schema.shape : {}
  const given = Object.entries(query).filter(([name, value]) => value !== '' || !Object.hasOwn(known, name))
  if (given.every(([, value]) => !Array.isArray(value))) return check(schema, Object.fromEntries(given))
  throw new Problem(400, 'A parameter of the address is given more than once. Give it once.')
}
