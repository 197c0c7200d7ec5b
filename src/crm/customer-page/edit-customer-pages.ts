import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import { signedIn } from '../../crm-session/crm-session.ts'
import { redirectWithFlash } from '../../crm-session/flash.ts'
import { onceForForm } from '../../crm-session/form-tokens.ts'
import { dayOf } from '../../web/day.ts'
import { formatMoment } from '../../web/format.ts'
import type { PageModel } from '../../web/pages.ts'
import { type Choice, choices } from '../../web/query-parameters.ts'
import { changeCustomer } from '../customers/change-customer.ts'
import { createCustomer } from '../customers/create-customer.ts'
import {
  type FieldProblems,
  type FieldTexts,
  FORM_FIELDS,
  readCustomer,
  readNewCustomer,
  shownTexts,
  textIn,
  tokenIn,
  versionIn,
} from '../customers/customer-form.ts'
import { changesFrom, conflictsOf, type FieldChoice, storedTexts } from '../customers/edit-conflict.ts'
import { editorOf } from '../customers/editor.ts'
import type { NamedCustomer } from '../customers/find-customer.ts'
import { salespersonChoices } from '../customers/salespersons.ts'
import { viewerOf } from '../customers/viewer-of.ts'
import { noSuchCustomer } from '../list/customer-notices.ts'
import { cachedFilters } from '../list/list-filters.ts'
import { CUSTOMERS_PATH, customerAddress, listBehind } from '../list/list-query.ts'
import { type CustomerPageParts, changerOf, foundForChange } from './customer-pages.ts'

interface CustomerFormPage extends PageModel {
  back: { href: string; label: string }
  action: string
  button: string
  fields: ((typeof FORM_FIELDS)[number] & { value: string; problem: string; isRequired: boolean; list: string })[]
  /** The values before the user changed them. Undefined for a new customer. */
  shown: [name: string, value: string][] | undefined
  version: number | undefined
  once: string
  isWrong: boolean
  salesperson: { choices: Choice[]; problem: string } | undefined
  countries: string[]
  industries: string[]
}

interface ConflictPage extends PageModel {
  back: { href: string; label: string }
  action: string
  who: string
  at: string
  fields: FieldChoice[]
  /** The fields without a conflict, and what the page shows as stored. */
  hidden: [name: string, value: string][]
  version: number
}

interface EditParts extends CustomerPageParts {
  usageLimit: { countCustomer(userId: string): Promise<void> }
}

/** The forms of a new customer and of a change. */
export function editCustomerPages({ database, clock, usageLimit }: EditParts) {
  const listFilters = cachedFilters(database)
  return {
    async newForm(ctx: Context) {
      await showNew(ctx, emptyTexts())
    },

    async create(ctx: Context) {
      const form = readNewCustomer(ctx.request.body)
      if (!form.ok) return showNew(ctx, form.typed, form.problems, form.salesperson)
      const { session, userId } = signedIn(ctx)
      const created = await onceForForm(session, tokenIn(ctx.request.body), async () => {
        await usageLimit.countCustomer(userId)
        return createCustomer(database, editorOf(ctx), form.values, clock.now())
      })
      if (created === undefined) return redirectWithFlash(ctx, CUSTOMERS_PATH, 'sent-before')
      if (created.is === 'created')
        return redirectWithFlash(ctx, customerAddress(created.customer.id, ctx.query), 'customer-added')
      const problem = 'Must be an active salesperson or manager.'
      await showNew(ctx, form.typed, { salesperson: problem }, form.salesperson)
    },

    async editForm(ctx: Context) {
      const customer = await foundForChange(database, ctx)
      const stored = storedTexts(customer)
      await showEdit(ctx, customer, { typed: stored, shown: stored, version: customer.version })
    },

    /** Saves the changes, unless another user has changed one of the shown fields meanwhile. Then the user chooses. */
    async save(ctx: Context) {
      const { body } = ctx.request
      const first = await foundForChange(database, ctx)
      const version = versionIn(body)
      const form = readCustomer(body)
      const shown = shownTexts(body)
      if (!form.ok || textIn(body, 'again') !== '')
        return showEdit(ctx, first, { typed: form.typed, shown, version, problems: form.ok ? {} : form.problems })
      // Each turn compares with the newest version. Another change between the two statements leads to another turn.
      for (let customer = first; ; customer = await foundForChange(database, ctx)) {
        const stored = storedTexts(customer)
        const conflicts = customer.version === version ? [] : conflictsOf(shown, form.values, stored)
        if (conflicts.length > 0) return showConflict(ctx, customer, conflicts, form.values)
        const changes = changesFrom(stored, form.values)
        if (Object.keys(changes).length === 0) return done(ctx, customer)
        const changed = await changeCustomer(database, editorOf(ctx), customer.id, changes, clock.now(), [
          customer.version,
        ])
        if (changed.is === 'changed') return done(ctx, customer)
        if (changed.is === 'unknown') throw noSuchCustomer(ctx)
      }
    },
  }

  function done(ctx: Context, { id }: NamedCustomer): Promise<void> {
    const hasChosen = textIn(ctx.request.body, 'chosen') !== ''
    return redirectWithFlash(ctx, customerAddress(id, ctx.query), hasChosen ? 'customer-merged' : 'customer-changed')
  }

  async function showNew(ctx: Context, typed: FieldTexts, problems: FieldProblems = {}, salesperson = '') {
    const viewer = viewerOf(ctx)
    const persons = viewer.seesAll ? await salespersonChoices(database) : []
    await showForm(ctx, typed, problems, {
      title: 'Add a customer',
      back: { href: listBehind(ctx.query), label: 'Back to the customers' },
      action: CUSTOMERS_PATH,
      button: 'Add the customer',
      shown: undefined,
      version: undefined,
      salesperson:
        persons.length === 0
          ? undefined
          : {
              choices: choices(persons, salesperson || String(viewer.userId)),
              problem: problems.salesperson ?? '',
            },
    })
  }

  async function showEdit(
    ctx: Context,
    { id, name }: NamedCustomer,
    {
      typed,
      shown,
      version,
      problems = {},
    }: { typed: FieldTexts; shown: FieldTexts; version: number; problems?: FieldProblems },
  ) {
    await showForm(ctx, typed, problems, {
      title: `Edit ${name}`,
      back: { href: customerAddress(id, ctx.query), label: 'Back to the customer' },
      action: customerAddress(id, ctx.query, '/edit'),
      button: 'Save the changes',
      shown: Object.entries(shown),
      version,
      salesperson: undefined,
    })
  }

  async function showForm(
    ctx: Context,
    typed: FieldTexts,
    problems: FieldProblems,
    model: Omit<CustomerFormPage, 'fields' | 'once' | 'isWrong' | 'countries' | 'industries'>,
  ) {
    const isWrong = Object.keys(problems).length > 0
    const isNew = model.shown === undefined
    ctx.status = isWrong ? 422 : 200
    ctx.show<CustomerFormPage>('customers/form', {
      ...model,
      fields: FORM_FIELDS.map((field) => ({
        ...field,
        value: typed[field.name],
        problem: problems[field.name] ?? '',
        isRequired: !(isNew && field.name === 'customerSince'),
        list: { country: 'countries', industry: 'industries' }[field.name as string] ?? '',
      })),
      once: randomUUID(),
      isWrong,
      ...(await listFilters(viewerOf(ctx))),
    })
  }

  async function showConflict(ctx: Context, customer: NamedCustomer, fields: FieldChoice[], mine: FieldTexts) {
    const { id, version, changed_at } = customer
    const hidden = Object.entries(mine).filter(([name]) => !fields.some((field) => field.name === name))
    const shown = Object.entries(storedTexts(customer)).map(([name, value]): [string, string] => [
      `shown-${name}`,
      value,
    ])
    ctx.status = 409
    ctx.show<ConflictPage>('customers/conflict', {
      title: 'Two changes at once',
      back: { href: customerAddress(id, ctx.query), label: 'Back to the customer' },
      action: customerAddress(id, ctx.query, '/edit'),
      who: changerOf(customer),
      at: formatMoment(changed_at ?? clock.now()),
      fields,
      hidden: [...hidden, ...shown],
      version,
    })
  }

  function emptyTexts(): FieldTexts {
    const texts = Object.fromEntries(FORM_FIELDS.map(({ name }) => [name, ''])) as FieldTexts
    return { ...texts, customerSince: dayOf(clock.now()) }
  }
}
