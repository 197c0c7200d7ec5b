import { z } from 'zod'
import { MOST_CUSTOMERS_AN_HOUR } from '../accounts/index.ts'
import { changeCustomer, createCustomer, editorOf, findCustomer, removeCustomer } from '../crm/index.ts'
import { Problem } from '../web/problem.ts'
import type { ApiParts } from './api-parts.ts'
import { changesToMake, customer, customerReply, customerToMake } from './customer-shapes.ts'
import { endpoint } from './endpoint.ts'
import { wantedVersions } from './entity-tags.ts'
import { MOUNT } from './mount.ts'
import { idInPath } from './shapes.ts'

const UNKNOWN = 'There is no such customer in your portfolio'

export const oneCustomer = z.object({ id: idInPath(UNKNOWN) })

const TAG = 'Customers'
const ETAG = { ETag: 'The version of this customer, for `If-Match`.' }
const IF_MATCH = { 'If-Match': 'The accepted versions, from `ETag`. Any other version is refused with 412.' }
const OUTDATED = 'The customer is none of the versions that `If-Match` names.'

export function customerEndpoints({ database, clock, usageLimit }: ApiParts) {
  return [
    endpoint({
      name: 'readCustomer',
      method: 'GET',
      path: '/customers/{id}',
      tag: TAG,
      summary: 'One customer',
      needs: 'viewCustomers',
      params: oneCustomer,
      answers: {
        200: { description: 'The customer.', schema: customer, headers: ETAG },
        304: { description: 'Not modified: `If-None-Match` names this version.' },
      },
      async handle({ viewer, params: { id } }) {
        const found = await findCustomer(database, viewer, id)
        if (found === undefined) throw noSuchCustomer()
        return customerReply(200, found)
      },
    }),

    endpoint({
      name: 'createCustomer',
      method: 'POST',
      path: '/customers',
      tag: TAG,
      summary: 'Create a customer',
      description: 'The customer is yours. Users who see all customers can choose another salesperson.',
      needs: 'editCustomers',
      body: customerToMake,
      answers: {
        201: {
          description: 'Created.',
          schema: customer,
          headers: { ...ETAG, Location: 'The address of the new customer.' },
        },
      },
      problems: { 429: `A user may create ${MOST_CUSTOMERS_AN_HOUR} customers an hour.` },
      async handle({ ctx, account, body }) {
        await usageLimit.countCustomer(account.userId)
        const made = await createCustomer(database, editorOf(ctx), body, clock.now())
        if (made.is !== 'created') throw refusal(made.is)
        return customerReply(201, made.customer, { Location: `${MOUNT}/customers/${made.customer.id}` })
      },
    }),

    endpoint({
      name: 'changeCustomer',
      method: 'PATCH',
      path: '/customers/{id}',
      tag: TAG,
      summary: 'Change a customer',
      description: 'Fields that are not given stay. `If-Match` prevents lost updates.',
      needs: 'editCustomers',
      params: oneCustomer,
      headers: IF_MATCH,
      body: changesToMake,
      answers: { 200: { description: 'Changed.', schema: customer, headers: ETAG } },
      problems: { 412: OUTDATED },
      async handle({ ctx, params: { id }, body }) {
        const changed = await changeCustomer(database, editorOf(ctx), id, body, clock.now(), wantedVersions(ctx))
        if (changed.is !== 'changed') throw refusal(changed.is)
        return customerReply(200, changed.customer)
      },
    }),

    endpoint({
      name: 'removeCustomer',
      method: 'DELETE',
      path: '/customers/{id}',
      tag: TAG,
      summary: 'Remove a customer',
      description:
        'Removes the purchases, the notes and the decided approvals too. For ten minutes, the user can undo this on the page with the customers.',
      needs: 'editCustomers',
      params: oneCustomer,
      headers: IF_MATCH,
      answers: { 204: { description: 'Removed.' } },
      problems: { 409: 'An approval for this customer is pending.', 412: OUTDATED },
      async handle({ ctx, params: { id } }) {
        const removed = await removeCustomer(database, editorOf(ctx), id, clock.now(), wantedVersions(ctx))
        if (removed.is !== 'removed') throw refusal(removed.is)
        return { status: 204 }
      },
    }),
  ]
}

/** Customers of other portfolios cause the same error as unknown customers, to hide which customers exist. */
export function noSuchCustomer(): Problem {
  return new Problem(404, `${UNKNOWN}.`)
}

function refusal(
  reason: 'unknown' | 'outdated' | 'approval waits' | 'not yours to give' | 'no such salesperson',
): Problem {
  switch (reason) {
    case 'unknown':
      return noSuchCustomer()
    case 'outdated':
      return new Problem(412, 'This customer was changed in the meantime. Read it again before you change it.')
    case 'approval waits':
      return new Problem(409, 'An approval for this customer is pending. It has to be decided first.')
    case 'not yours to give':
      return new Problem(403, 'salesperson: only users who see all customers may choose it.')
    case 'no such salesperson':
      return new Problem(422, 'salesperson: must be the userId of an active salesperson or manager.')
  }
}
