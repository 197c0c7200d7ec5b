import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import type { OperationState } from '../../db/tables.ts'
import { type ApprovalsPanel, findCustomer, type Viewer, viewerOf } from '../crm/index.ts'
import { signedIn } from '../crm-session/crm-session.ts'
import { onceForForm } from '../crm-session/form-tokens.ts'
import { formatMoment } from '../web/format.ts'
import type { PageModel } from '../web/pages.ts'
import { Problem } from '../web/problem.ts'
import { readRowNumber } from '../web/row-number.ts'
import { askForApproval } from './ask-for-approval.ts'
import type { OperationParts } from './operation-parts.ts'
import { SCENARIOS, stateAt, textOf, titleOf } from './operation-text.ts'
import { findOperation, type NamedOperation, operationsBy, operationsFor } from './operations.ts'
import { readOperationForm } from './read-operation-form.ts'

interface OperationsPage extends PageModel {
  operations: { href: string; what: string; customer: string; asked: string; state: string; tone: string }[]
}

interface OperationPage extends PageModel {
  heading: string
  customer: { name: string; href: string }
  facts: { label: string; value: string }[]
  label: string
  text: string
  tone: string
  /** The form that asks again. `undefined` for an operation that is waiting or approved. */
  again: { once: string; customer: number; percent: number; reason: string; scenario: string } | undefined
  /** The URL that the page of a waiting operation polls. Polling does not extend the idle timeout. */
  lookAgain: string | undefined
  /** The URL of the platform's page for a waiting operation. */
  platformPage: string | undefined
}

/** The pages at `/operations`, where salespersons ask an external platform to approve a discount. */
export function operationPages(parts: OperationParts) {
  const { database, clock, platform } = parts
  return {
    async ask(ctx: Context) {
      const form = readOperationForm(ctx.request.body)
      const found = await findCustomer(database, viewerOf(ctx), form.customerId)
      if (found === undefined) throw notFound()
      const { session, userId } = signedIn(ctx)
      const id = await onceForForm(session, form.once, () => askForApproval(parts, { session, userId }, found, form))
      ctx.status = 303
      ctx.redirect(id === undefined ? await sentBefore(viewerOf(ctx), found.id) : `/operations/${id}`)
    },

    async list(ctx: Context) {
      const operations = await operationsBy(database, viewerOf(ctx))
      ctx.show<OperationsPage>('operations/list', {
        title: 'Your requests for approval',
        operations: operations.map((operation) => ({ ...row(operation), customer: operation.customer })),
      })
    },

    async show(ctx: Context) {
      const operation = await findOperation(database, readId(ctx.params.id))
      if (!operation || !(await findCustomer(database, viewerOf(ctx), operation.customer_id))) throw notFound()
      const state = stateAt(operation, clock.now())
      ctx.show<OperationPage>('operations/show', {
        title: `${titleOf(operation)} for ${operation.customer}`,
        heading: titleOf(operation),
        customer: { name: operation.customer, href: `/customers/${operation.customer_id}` },
        facts: factsOf(operation, state),
        again: state !== 'asked' && state !== 'approved' ? askAgain(operation) : undefined,
        ...textOf(state),
        lookAgain: state === 'asked' ? `/operations/${operation.id}?refresh` : undefined,
        platformPage:
          state === 'asked' && operation.platform_id !== null
            ? platform.pageFor(ctx.hostname, `/requests/${operation.platform_id}`)
            : undefined,
      })
    },

    async onCustomerPage(_ctx: Context, customerId: number): Promise<ApprovalsPanel> {
      const operations = await operationsFor(database, customerId)
      return {
        once: randomUUID(),
        scenarios: platform.url === undefined ? [] : [...SCENARIOS],
        approvals: operations.map((operation) => ({ ...row(operation), by: nameOf(operation) })),
      }
    },
  }

  /** Returns where a form that was sent twice leads: to the user's newest operation for the customer, or to the list. */
  async function sentBefore(viewer: Viewer, customerId: number): Promise<string> {
    const newest = (await operationsBy(database, viewer)).find(({ customer_id }) => customer_id === customerId)
    return newest === undefined ? '/operations' : `/operations/${newest.id}`
  }

  function row(operation: NamedOperation) {
    const { label, tone } = textOf(stateAt(operation, clock.now()))
    const state = operation.used_at === null ? label : `${label} and used`
    return {
      href: `/operations/${operation.id}`,
      what: titleOf(operation),
      asked: formatMoment(operation.asked_at),
      state,
      tone,
    }
  }
}

function factsOf(operation: NamedOperation, state: OperationState): OperationPage['facts'] {
  const { reason, scenario, asked_at, expires_at, decided_at, used_at } = operation
  return [
    { label: 'Asked by', value: nameOf(operation) },
    { label: 'Asked', value: formatMoment(asked_at) },
    ...(state === 'asked' ? [{ label: 'Open until', value: formatMoment(expires_at) }] : []),
    ...(state === 'expired' ? [{ label: 'Expired', value: formatMoment(expires_at) }] : []),
    ...(decided_at === null ? [] : [{ label: 'Decided', value: formatMoment(decided_at) }]),
    ...(used_at === null ? [] : [{ label: 'Used in a purchase', value: formatMoment(used_at) }]),
    {
      label: 'The platform calls back with',
      value: SCENARIOS.find(({ value }) => value === scenario)?.label ?? scenario,
    },
    ...(reason === '' ? [] : [{ label: 'Reason', value: reason }]),
  ]
}

function askAgain({ customer_id, percent, reason, scenario }: NamedOperation): OperationPage['again'] {
  return { once: randomUUID(), customer: customer_id, percent, reason, scenario }
}

function nameOf({ firstname, lastname }: NamedOperation): string {
  return `${firstname} ${lastname}`
}

function readId(text: unknown): number {
  const id = readRowNumber(text)
  if (id === undefined) throw notFound()
  return id
}

function notFound(): Problem {
  const action = { label: 'Go to the customers', href: '/customers' }
  return new Problem(404, 'There is no such customer or request in your portfolio.', {}, action)
}
