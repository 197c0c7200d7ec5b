import type { Context } from 'koa'
import { signedIn } from '../../crm-session/crm-session.ts'
import { type Flash, redirectWithFlash } from '../../crm-session/flash.ts'
import { onceForForm } from '../../crm-session/form-tokens.ts'
import { formatDay } from '../../web/format.ts'
import { Problem } from '../../web/problem.ts'
import { readRowNumber } from '../../web/row-number.ts'
import { changeCustomer } from '../customers/change-customer.ts'
import { textIn, tokenIn, versionIn } from '../customers/customer-form.ts'
import { editorOf } from '../customers/editor.ts'
import { findCustomer, type NamedCustomer } from '../customers/find-customer.ts'
import { removeCustomer, restoreCustomer, UNDO_MINUTES } from '../customers/remove-customer.ts'
import { viewerOf } from '../customers/viewer-of.ts'
import { idIn, noSuchCustomer } from '../list/customer-notices.ts'
import { customerAddress, listBehind } from '../list/list-query.ts'
import { type CustomerPageParts, foundForChange, type Refused } from './customer-pages.ts'
import { changeNextStep } from './next-step.ts'
import { addNote, deleteNote } from './notes.ts'
import { recordPurchase } from './record-purchase.ts'
import { readNextStep, readNote, readPurchase } from './work-forms.ts'

type ShowCustomer = (ctx: Context, customer: NamedCustomer, refused: Refused) => Promise<void>

/** The forms on a customer's page. A refused form is shown again, with what the user typed. */
export function customerActions({ database, clock }: CustomerPageParts, showCustomer: ShowCustomer) {
  const done = (ctx: Context, flash: Flash, place = '') =>
    redirectWithFlash(ctx, customerAddress(idIn(ctx), ctx.query) + place, flash)

  const refuse = async (ctx: Context, status: number, refused: Refused) => {
    const customer = await foundForChange(database, ctx)
    ctx.status = status
    await showCustomer(ctx, customer, refused)
  }

  /** Refuses an action, because the customer is not the one that the user saw. */
  const refuseOutdated = async (ctx: Context) => {
    const customer = await foundForChange(database, ctx)
    ctx.status = 409
    await showCustomer(ctx, customer, {
      wrong:
        'This customer was changed after you opened the page, so nothing was done. Look at the changes below, then try again.',
    })
  }

  return {
    async addNote(ctx: Context) {
      await foundForChange(database, ctx)
      const form = readNote(ctx.request.body)
      if (!form.ok) return refuse(ctx, 422, form)
      const isAdded = await onceForForm(signedIn(ctx).session, tokenIn(ctx.request.body), () =>
        addNote(database, editorOf(ctx), idIn(ctx), form.values, clock.now()),
      )
      if (isAdded === false) throw noSuchCustomer(ctx)
      await done(ctx, isAdded === undefined ? 'sent-before' : 'note-added', '#notes')
    },

    async deleteNote(ctx: Context) {
      await foundForChange(database, ctx)
      const note = { id: noteIn(ctx), at: textIn(ctx.request.body, 'writtenAt') }
      const deleted = await deleteNote(database, editorOf(ctx), idIn(ctx), note, clock.now())
      if (deleted === 'unknown customer') throw noSuchCustomer(ctx)
      if (deleted === 'not allowed')
        return refuse(ctx, 403, {
          wrong: 'Another user wrote this note, so only that user or a manager can delete it.',
        })
      await done(ctx, 'note-deleted', '#notes')
    },

    async saveNextStep(ctx: Context) {
      await foundForChange(database, ctx)
      const form = readNextStep(ctx.request.body)
      if (!form.ok) return refuse(ctx, 422, form)
      const { wanted, isDone } = form.values
      if (await changeNextStep(database, editorOf(ctx), idIn(ctx), form.values, clock.now()))
        return done(ctx, isDone ? 'next-step-done' : 'next-step-saved', '#next-step')
      const { next_step, next_step_on } = await foundForChange(database, ctx)
      // The same form that was sent twice has its effect already.
      if (next_step === wanted.text && next_step_on === wanted.on) return done(ctx, 'next-step-saved', '#next-step')
      const now = next_step_on === null ? 'none' : `“${next_step}”, due ${formatDay(next_step_on)}`
      await refuse(ctx, 409, {
        wrong: `Another user changed the next step after you opened the page. It is now: ${now}. Yours is not saved: save it again to replace that one.`,
        typed: form.typed,
      })
    },

    async recordPurchase(ctx: Context) {
      const { customer_since: since } = await foundForChange(database, ctx)
      const form = readPurchase(ctx.request.body, { since, now: clock.now() })
      if (!form.ok) return refuse(ctx, 422, form)
      const recorded = await onceForForm(signedIn(ctx).session, tokenIn(ctx.request.body), () =>
        recordPurchase(database, editorOf(ctx), idIn(ctx), form.values, clock.now()),
      )
      if (recorded === undefined) return done(ctx, 'sent-before', '#purchases')
      if (recorded.is === 'recorded') return done(ctx, 'purchase-recorded', '#purchases')
      if (recorded.is === 'unknown') throw noSuchCustomer(ctx)
      await refuse(ctx, 409, {
        wrong:
          'Another purchase has used the discount, so this one is not recorded. Check the amount, then record it again.',
        typed: { ...form.typed, discount: '' },
      })
    },

    async assign(ctx: Context) {
      await foundForChange(database, ctx)
      const salesperson = Number(textIn(ctx.request.body, 'salesperson'))
      const changed = Number.isSafeInteger(salesperson)
        ? await changeCustomer(database, editorOf(ctx), idIn(ctx), { salesperson }, clock.now(), [
            versionIn(ctx.request.body),
          ])
        : ({ is: 'no such salesperson' } as const)
      if (changed.is === 'changed') return done(ctx, 'customer-assigned')
      if (changed.is === 'unknown') throw noSuchCustomer(ctx)
      if (changed.is === 'outdated') return refuseOutdated(ctx)
      await refuse(ctx, 422, { wrong: 'Choose an active salesperson or manager. Nothing was assigned.' })
    },

    async remove(ctx: Context) {
      await foundForChange(database, ctx)
      const removed = await removeCustomer(database, editorOf(ctx), idIn(ctx), clock.now(), [
        versionIn(ctx.request.body),
      ])
      if (removed.is === 'unknown') throw noSuchCustomer(ctx)
      if (removed.is === 'outdated') return refuseOutdated(ctx)
      if (removed.is === 'approval waits')
        return refuse(ctx, 409, {
          wrong:
            'An approval for this customer is pending, so the customer was not removed. It has to be decided first.',
        })
      ctx.status = 303
      // The keyboard continues at the button that undoes the removal.
      ctx.redirect(`${listBehind(ctx.query)}#removals`)
    },

    async restore(ctx: Context) {
      const isRestored = await restoreCustomer(database, editorOf(ctx), idIn(ctx), clock.now())
      // A second click finds the customer restored already.
      if (!isRestored && (await findCustomer(database, viewerOf(ctx), idIn(ctx))) === undefined)
        throw new Problem(
          404,
          `There is nothing to undo. A removal can be undone for ${UNDO_MINUTES} minutes.`,
          {},
          { label: 'Go to the customers', href: listBehind(ctx.query) },
        )
      await redirectWithFlash(ctx, listBehind(ctx.query), 'customer-restored')
    },
  }
}

function noteIn({ params }: Context): number {
  const note = readRowNumber(params.note)
  if (note === undefined) throw new Problem(404, 'There is no such note.')
  return note
}
