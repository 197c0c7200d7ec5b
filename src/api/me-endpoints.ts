import { z } from 'zod'
import { portfolioOf } from '../crm/index.ts'
import type { ApiParts } from './api-parts.ts'
import { endpoint } from './endpoint.ts'
import { cents, moment } from './shapes.ts'

const me = z
  .strictObject({
    userId: z.string(),
    userName: z.string(),
    email: z.string(),
    role: z.enum(['salesperson', 'manager', 'administrator', 'customer']),
    privileges: z.array(z.string()),
    token: z.strictObject({
      name: z.string().meta({ description: 'What its owner called it; empty for a sign-in.' }),
      scope: z.enum(['read', 'read-write']),
      expires: moment.nullable(),
    }),
  })
  .meta({ id: 'Me' })

const topCustomers = z
  .strictObject({
    customers: z.array(z.strictObject({ id: z.int(), name: z.string(), totalPurchase: cents })).max(3),
  })
  .meta({ id: 'TopCustomers' })

export function meEndpoints({ database }: ApiParts) {
  return [
    endpoint({
      name: 'me',
      method: 'GET',
      path: '/me',
      tag: 'Yourself',
      summary: 'Who you are, and what this token may do',
      answers: { 200: { description: 'You.', schema: me } },
      async handle({ session, account }) {
        const { userId, userName, email, role } = account
        const { name, scope, expirationDate } = session
        const privileges = session.getPrivileges().sort()
        const token = { name, scope, expires: expirationDate }
        return { status: 200, body: { userId, userName, email, role, privileges, token } }
      },
    }),

    endpoint({
      name: 'topCustomers',
      method: 'GET',
      path: '/portfolio/top3',
      tag: 'Customers',
      summary: 'Your three best customers, the best first',
      description: 'Computed for each request. Users with fewer than three customers get those.',
      needs: 'viewPortfolio',
      answers: { 200: { description: 'The best customers.', schema: topCustomers } },
      async handle({ viewer }) {
        return { status: 200, body: { customers: await portfolioOf(database, viewer.userId).topCustomers() } }
      },
    }),
  ]
}
