import { z } from 'zod'
import { changeCustomer, createCustomer, findCustomerAlone, removeCustomer } from '../crm/index.ts'
import { Problem } from '../web/problem.ts'
import type { ApiParts } from './api-parts.ts'
import { changesToMake, customer, customerReply, customerToMake } from './customer-shapes.ts'
import { endpoint } from './endpoint.ts'
import { wantedVersions } from './entity-tags.ts'
import { MOUNT } from './mount.ts'
import { idInPath } from './shapes.ts'

const UNKNOWN = 'There is no such customer in your portfolio'

/** The address of one customer. */
export const oneCustomer = z.object({ id: idInPath(UNKNOWN) })

const TAG = 'Customers'
const ETAG = { ETag: 'The version of this customer, for `If-Match`.' }
const IF_MATCH = { 'If-Match': 'The versions to go on from, as `ETag` told them: others are refused with 412.' }
const OUTDATED = 'The customer is none of the versions that `If-Match` names.'

/** One customer: read, make, change, remove. */
export function customerEndpoints({ database, clock }: ApiParts) {
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
        304: { description: 'It is the version that `If-None-Match` names.' },
      },
      async handle({ viewer, params: { id } }) {
        const found = await findCustomerAlone(database, viewer, id)
        if (found === undefined) throw noSuchCustomer()
        return customerReply(200, found)
      },
    }),

    endpoint({
      name: 'createCustomer',
      method: 'POST',
      path: '/customers',
      tag: TAG,
      summary: 'Make a customer',
      description: 'He is yours, unless you see all customers and give him to another salesperson.',
      needs: 'editCustomers',
      body: customerToMake,
      answers: {
        201: {
          description: 'Made.',
          schema: customer,
          headers: { ...ETAG, Location: 'The address of the new customer.' },
        },
      },
      async handle({ viewer, body }) {
        const made = await createCustomer(database, viewer, body, clock.now())
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
      description: 'What is not given stays. With `If-Match` nobody else’s change is overwritten unseen.',
      needs: 'editCustomers',
      params: oneCustomer,
      headers: IF_MATCH,
      body: changesToMake,
      answers: { 200: { description: 'Changed.', schema: customer, headers: ETAG } },
      problems: { 412: OUTDATED },
      async handle({ ctx, viewer, params: { id }, body }) {
        const changed = await changeCustomer(database, viewer, id, body, wantedVersions(ctx))
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
      description: 'His purchases go with him, and so do approvals that were decided.',
      needs: 'editCustomers',
      params: oneCustomer,
      headers: IF_MATCH,
      answers: { 204: { description: 'Removed.' } },
      problems: { 409: 'An approval waits for this customer.', 412: OUTDATED },
      async handle({ ctx, viewer, params: { id } }) {
        const removed = await removeCustomer(database, viewer, id, clock.now(), wantedVersions(ctx))
        if (removed.is !== 'removed') throw refusal(removed.is)
        return { status: 204 }
      },
    }),
  ]
}

/** Another one's customer is as unknown as one that never was. */
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
      return new Problem(412, 'This customer was changed meanwhile. Read it again, and decide anew.')
    case 'approval waits':
      return new Problem(409, 'An approval waits for this customer. Let it be decided first.')
    case 'not yours to give':
      return new Problem(403, 'salesperson: only who sees all customers may say whose a customer is.')
    case 'no such salesperson':
      return new Problem(422, 'salesperson: must be the userId of somebody who sells and can sign in.')
  }
}
