import { z } from 'zod'
import { SessionError } from '../session/index.ts'
import { PLAIN_TEXT } from '../web/plain-text.ts'
import { Problem } from '../web/problem.ts'
import { endpoint } from './endpoint.ts'

const LONGEST_VALUE = 4096
const UNKNOWN = 'There is no such variable'
// Excludes names that have a special meaning in JavaScript or in a path.
const NAME = /^(?!(?:__proto__|constructor|prototype|\.{1,2})$)[A-Za-z0-9_.-]{1,64}$/

const oneVariable = z.object({
  name: z.string().regex(NAME, 'A variable’s name has 1 to 64 letters, digits, "_", "." or "-"'),
})
const newValue = z
  .strictObject({
    value: z
      .string()
      .min(1)
      .max(LONGEST_VALUE)
      .regex(PLAIN_TEXT, 'must not contain control characters or broken characters')
      .meta({ examples: ['dark'] }),
  })
  .meta({ id: 'VariableValue' })
const variable = z.strictObject({ name: z.string(), value: z.string() }).meta({ id: 'Variable' })
const variables = z.strictObject({ variables: z.record(z.string(), z.string()) }).meta({ id: 'Variables' })

const TAG = 'Session variables'
const PATH = '/session/variables/{name}'

/** Session variables are texts in the token's session. They are removed when the token ends. */
export function variableEndpoints() {
  return [
    endpoint({
      name: 'listVariables',
      method: 'GET',
      path: '/session/variables',
      tag: TAG,
      summary: 'All variables of this token',
      answers: { 200: { description: 'The variables by name.', schema: variables } },
      async handle({ session }) {
        return { status: 200, body: { variables: { ...session.sessionVars } } }
      },
    }),

    endpoint({
      name: 'readVariable',
      method: 'GET',
      path: PATH,
      tag: TAG,
      summary: 'One variable',
      params: oneVariable,
      answers: { 200: { description: 'The variable.', schema: variable } },
      async handle({ session, params: { name } }) {
        const value = session.getSessionVar(name)
        if (value === '') throw new Problem(404, `${UNKNOWN}.`)
        return { status: 200, body: { name, value } }
      },
    }),

    endpoint({
      name: 'setVariable',
      method: 'PUT',
      path: PATH,
      tag: TAG,
      summary: 'Set a variable',
      description: 'All variables of a token together take 64 kB at most.',
      params: oneVariable,
      body: newValue,
      answers: { 200: { description: 'Set.', schema: variable } },
      async handle({ session, params: { name }, body: { value } }) {
        session.setSessionVar(name, value)
        await session.save().catch(explain)
        return { status: 200, body: { name, value } }
      },
    }),

    endpoint({
      name: 'removeVariable',
      method: 'DELETE',
      path: PATH,
      tag: TAG,
      summary: 'Remove a variable',
      params: oneVariable,
      answers: { 204: { description: 'Removed.' } },
      async handle({ session, params: { name } }) {
        if (session.getSessionVar(name) === '') throw new Problem(404, `${UNKNOWN}.`)
        session.setSessionVar(name, '')
        await session.save()
        return { status: 204 }
      },
    }),
  ]
}

function explain(error: unknown): never {
  if (error instanceof SessionError && error.code === 'STORAGE_TOO_LARGE')
    throw new Problem(
      413,
      'All variables of a token together take 64 kB at most. Remove some, or send a shorter value.',
    )
  throw error
}
