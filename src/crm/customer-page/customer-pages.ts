import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import type { Kysely } from 'kysely'
import type { Database } from '../../../db/tables.ts'
import { signedIn } from '../../crm-session/crm-session.ts'
import type { Clock } from '../../session/index.ts'
import { dayOf } from '../../web/day.ts'
import { formatDay, formatMoment } from '../../web/format.ts'
import type { PageModel } from '../../web/pages.ts'
import { type Choice, choices, readParameter } from '../../web/query-parameters.ts'
import { readRowNumber } from '../../web/row-number.ts'
import { isShared, refuseSharedCustomer } from '../customers/customers-visible-to.ts'
import { findCustomer, type NamedCustomer } from '../customers/find-customer.ts'
import { salespersonChoices } from '../customers/salespersons.ts'
import { viewerOf } from '../customers/viewer-of.ts'
import { idIn, noSuchCustomer, takeNotice } from '../list/customer-notices.ts'
import { customerAddress, listBehind } from '../list/list-query.ts'
import { LONGEST_PAGE_KEY, readPageKey, writePageKey } from '../list/page-key.ts'
import { purchasesOf } from './list-purchases.ts'
import { mayDelete, notesOf } from './notes.ts'
import { PURCHASES_PER_PAGE, type PurchaseList, purchaseList } from './purchases.ts'
import { nextDiscount } from './record-purchase.ts'
import { LONGEST_LINE, LONGEST_NOTE, type WrongForm } from './work-forms.ts'

/** The approvals on a customer's page. */
export interface ApprovalsPanel {
  /** The id of the form. A form that is sent twice creates one operation. */
  once: string
  /** The ways in which the external platform can call back. Empty when no platform is configured. */
  scenarios: { value: string; label: string; hint: string }[]
  approvals: { href: string; what: string; by: string; asked: string; state: string; tone: string }[]
}

/** Returns those approvals of a customer that the user of the request may see. */
type FindApprovals = (ctx: Context, customerId: number) => Promise<ApprovalsPanel>

interface CustomerPage extends PageModel, PurchaseList {
  id: number
  facts: { label: string; value: string; href?: string }[]
  /** The list that the user came from, with its filters and its page. */
  back: string
  approvals: ApprovalsPanel
  /** The links to the newest and to older purchases, where the page does not show them. */
  newest: string | undefined
  older: string | undefined
  notice: string
  wrong: string
  /** Whether a field says what is wrong. It then has the focus. */
  hasWrongField: boolean
  /** Whether all visitors of a public demo see the customer, so that it cannot be changed. */
  isShared: boolean
  nextStep: { text: string; day: string; isDue: boolean }
  /** `deletion` is the address of the form that deletes the note. '' if the user may not delete it. */
  notes: { id: number; text: string; by: string; at: string; writtenAt: string; deletion: string }[]
  /** The links to the newest and to older notes, where the page does not show them. */
  notePages: { newest: string | undefined; older: string | undefined }
  /** `undefined` for users who may not edit. */
  editing: Editing | undefined
}

interface Editing {
  /** The addresses of the forms. */
  paths: Record<'edit' | 'remove' | 'notes' | 'nextStep' | 'purchases' | 'assign', string>
  version: number
  once: { note: string; purchase: string }
  shownStep: { text: string; on: string }
  discount: { id: number; percent: number } | undefined
  usesDiscount: boolean
  /** Undefined for users who may not assign customers. */
  salespersons: Choice[] | undefined
  typed: Record<string, string>
  problems: Record<string, string>
  longest: { note: number; line: number }
}

/** What the page says after a form was refused. */
export interface Refused extends Partial<WrongForm> {
  wrong?: string
}

export interface CustomerPageParts {
  database: Kysely<Database>
  clock: Pick<Clock, 'now'>
}

export function customerPage(
  { database, clock }: CustomerPageParts,
  { findApprovals }: { findApprovals: FindApprovals },
) {
  return {
    async show(ctx: Context) {
      await showCustomer(ctx, await foundCustomer(database, ctx))
    },

    showCustomer,
  }

  /** Shows the page of a customer. `refused` keeps what the user typed into a form. */
  async function showCustomer(ctx: Context, customer: NamedCustomer, refused: Refused = {}): Promise<void> {
    const { id, next_step, next_step_on, changed_at } = customer
    const purchases = { list: `purchases of ${id}`, sort: 'since' } as const
    const after = readPageKey(readParameter(ctx.query, 'purchases', LONGEST_PAGE_KEY), purchases)
    const page = await purchasesOf(database, id, { size: PURCHASES_PER_PAGE, after })
    const afterNote = readRowNumber(readParameter(ctx.query, 'notes'))
    const { notes, next } = await notesOf(database, id, afterNote)
    // The part of the page has the same name as the parameter.
    const partAfter = (part: 'notes' | 'purchases', key: string) =>
      `${customerAddress(id, ctx.query, '', { [part]: key })}#${part}`
    const isEditor = mayEdit(ctx, customer)
    const viewer = viewerOf(ctx)
    ctx.show<CustomerPage>('customers/show', {
      title: customer.name,
      id,
      back: listBehind(ctx.query),
      approvals: await findApprovals(ctx, id),
      notice: await takeNotice(ctx),
      wrong: refused.wrong ?? (refused.problems ? 'Nothing is saved yet. Please correct the form below.' : ''),
      hasWrongField: refused.problems !== undefined,
      isShared: isShared(customer),
      nextStep: {
        text: next_step,
        day: next_step_on === null ? '' : formatDay(next_step_on),
        isDue: next_step_on !== null && next_step_on <= dayOf(clock.now()),
      },
      notes: notes.map(({ id: note, userId, text, by, at }) => ({
        id: note,
        text,
        by,
        at: formatMoment(at),
        writtenAt: at,
        deletion:
          isEditor && mayDelete(viewer, { userId }) ? customerAddress(id, ctx.query, `/notes/${note}/delete`) : '',
      })),
      notePages: {
        newest: afterNote === undefined ? undefined : partAfter('notes', ''),
        older: next === undefined ? undefined : partAfter('notes', String(next)),
      },
      editing: isEditor ? await editingOf(ctx, customer, refused) : undefined,
      facts: [
        { label: 'Contact', value: customer.contact },
        { label: 'E-mail', value: customer.email, href: `mailto:${customer.email}` },
        { label: 'Telephone', value: customer.phone, href: `tel:${customer.phone.replace(/[^+\d]/g, '')}` },
        { label: 'Place', value: `${customer.city}, ${customer.country}` },
        { label: 'Industry', value: customer.industry },
        { label: 'Customer since', value: formatDay(customer.customer_since) },
        { label: 'Salesperson', value: `${customer.firstname} ${customer.lastname}` },
        ...(changed_at === null
          ? []
          : [{ label: 'Last change', value: `${formatMoment(changed_at)}, by ${changerOf(customer)}` }]),
      ],
      ...purchaseList(customer, page),
      newest: after && partAfter('purchases', ''),
      older: page.next && partAfter('purchases', writePageKey(page.next, purchases)),
    })
  }

  async function editingOf(ctx: Context, customer: NamedCustomer, { typed = {}, problems = {} }: Refused) {
    const { id, version, next_step, next_step_on, sales_person } = customer
    const path = (below: string) => customerAddress(id, ctx.query, below)
    const discount = await nextDiscount(database, id)
    const editing: Editing = {
      paths: {
        edit: path('/edit'),
        remove: path('/remove'),
        notes: path('/notes'),
        nextStep: path('/next-step'),
        purchases: path('/purchases'),
        assign: path('/assign'),
      },
      version,
      once: { note: randomUUID(), purchase: randomUUID() },
      shownStep: { text: next_step, on: next_step_on ?? '' },
      discount,
      usesDiscount: discount !== undefined && (typed.amount === undefined || typed.discount !== ''),
      salespersons: viewerOf(ctx).seesAll ? await assignChoices(String(sales_person)) : undefined,
      typed: { day: dayOf(clock.now()), nextStep: next_step, nextStepOn: next_step_on ?? '', ...typed },
      problems,
      longest: { note: LONGEST_NOTE, line: LONGEST_LINE },
    }
    return editing
  }

  /** If the salesperson may no longer have customers, the first choice is empty, so that no other one is chosen by mistake. */
  async function assignChoices(owner: string): Promise<Choice[]> {
    const persons = await salespersonChoices(database)
    if (persons.some(([userId]) => userId === owner)) return choices(persons, owner)
    return choices([['', 'Choose a salesperson'], ...persons])
  }
}

/** Returns the customer of the path. Throws a `Problem` (404) if the user may not see the customer. */
async function foundCustomer(database: Kysely<Database>, ctx: Context): Promise<NamedCustomer> {
  const customer = await findCustomer(database, viewerOf(ctx), idIn(ctx))
  if (customer === undefined) throw noSuchCustomer(ctx)
  return customer
}

/** Like `foundCustomer`. Also throws a `Problem` (403) for a customer that all visitors of a public demo see. */
export async function foundForChange(database: Kysely<Database>, ctx: Context): Promise<NamedCustomer> {
  const customer = await foundCustomer(database, ctx)
  refuseSharedCustomer(customer)
  return customer
}

function mayEdit(ctx: Context, customer: NamedCustomer): boolean {
  return signedIn(ctx).session.hasPrivilege('editCustomers') && !isShared(customer)
}

export function changerOf({ changer_firstname, changer_lastname }: NamedCustomer): string {
  return changer_firstname === null ? 'Another user' : `${changer_firstname} ${changer_lastname}`
}
