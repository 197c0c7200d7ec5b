import { z } from 'zod'
import type { ZodOpenApiOverride } from 'zod-openapi'
import { LONGEST_PAGE_KEY } from '../crm/index.ts'
import { ROW_NUMBER } from '../web/row-number.ts'

export const moment = z.iso.datetime()

export const day = z.iso.date()

export const cents = z.int().meta({ description: 'In cents.' })

export const message = z.strictObject({ message: z.string() }).meta({ id: 'Message' })

/** The body of every error response. */
export const failure = z
  .strictObject({
    isCallbackError: z.literal(true),
    message: z.string().meta({ description: 'For people; field errors begin with the name of the field.' }),
  })
  .meta({ id: 'Error' })

const DEFAULT_PAGE = 25
const LARGEST_PAGE = 100

export const paging = {
  limit: wholeNumber(1, LARGEST_PAGE)
    .default(DEFAULT_PAGE)
    .meta({ description: 'How many to answer at most.', override: { default: DEFAULT_PAGE } }),
  after: z.string().max(LONGEST_PAGE_KEY).optional().meta({ description: '`next` of the previous page.' }),
}

/** The members that a page of a list has in addition to its rows. */
export const pageFacts = {
  count: z.int().meta({ description: 'How many there are on all pages.' }),
  next: z.string().nullable().meta({ description: 'What to give as `after` for the next page; null on the last one.' }),
}

function wholeNumber(least: number, most: number) {
  const range = `must be a whole number from ${least} to ${most}`
  return z
    .string()
    .regex(/^\d{1,9}$/, range)
    .transform(Number)
    .pipe(z.int().min(least, range).max(most, range))
    .meta({ override: integer({ minimum: least, maximum: most }) })
}

/** Validates an id in a path. An invalid id is answered with 404 and the message `unknown`. */
export function idInPath(unknown: string) {
  return z
    .string()
    .regex(ROW_NUMBER, unknown)
    .transform(Number)
    .pipe(z.int().min(1))
    .meta({ override: integer({ minimum: 1 }) })
}

function integer(range: { minimum: number; maximum?: number }): ZodOpenApiOverride {
  return ({ jsonSchema }) => {
    delete jsonSchema.pattern
    Object.assign(jsonSchema, { type: 'integer', ...range })
  }
}
