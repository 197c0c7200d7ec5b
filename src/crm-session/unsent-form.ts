import type { Context } from 'koa'
import { z } from 'zod'
import { safeNext } from '../session/http/index.ts'
import type { PageModel } from '../web/pages.ts'
import { bestEffort, type CrmSession, signedIn } from './crm-session.ts'
import type { UnsentForm } from './crm-storage.ts'

export const UNSENT_FORM_PAGE = '/account/unsent'
/** In each form of a signed-in user, this field contains the id of the user for whom the page was shown. */
export const ACTING_USER_FIELD = 'actingUser'

interface UnsentFormPage extends PageModel {
  text: string
  /** What the form does. */
  what: string
  action: string
  facts: { label: string; value: string }[]
  fields: [name: string, value: string][]
  passwords: { name: string; label: string; autocomplete: string }[]
  /** The user who can send the form. '' for a guest. */
  sender: string
  /** The content of the login form on this page. Undefined: the page has no login form. */
  login: { userId: string; unsentForm: string } | undefined
}

/** Fields that the user neither typed nor chose. */
const INTERNAL_FIELDS = /^(once|next|username|version|chosen|done|discount|writtenAt|shown-.*)$/

const WHAT: [action: RegExp, what: string][] = [
  [/^\/operations$/, 'Ask for approval of a discount'],
  [/^\/customers$/, 'Add a customer'],
  [/^\/customers\/\d+\/edit$/, 'Change a customer'],
  [/^\/customers\/\d+\/remove$/, 'Remove a customer'],
  [/^\/customers\/\d+\/restore$/, 'Undo the removal of a customer'],
  [/^\/customers\/\d+\/notes$/, 'Add a note'],
  [/^\/customers\/\d+\/notes\/\d+\/delete$/, 'Delete a note'],
  [/^\/customers\/\d+\/next-step$/, 'Save the next step'],
  [/^\/customers\/\d+\/purchases$/, 'Record a purchase'],
  [/^\/customers\/\d+\/assign$/, 'Assign a customer'],
  [/^\/account\/tokens$/, 'Make an API token'],
  [/^\/account\/tokens\//, 'Revoke an API token'],
  [/^\/account\/password$/, 'Change the password'],
  [/^\/account\/email$/, 'Change the e-mail address'],
  [/^\/account\/confirm$/, 'Confirm the password'],
  [/^\/account\/sessions\/end-others$/, 'Sign out all others'],
  [/^\/account\/sessions\/end-all$/, 'Log out everywhere'],
  [/\/(devices\/[^/]+|account\/sessions\/[^/]+\/[^/]+)\/end$/, 'Sign out a device'],
  [/^\/admin\/sessions\/end-/, 'End many sessions'],
  [/^\/admin\/accounts\/[^/]+\/disable$/, 'Disable an account'],
  [/^\/admin\/accounts\/[^/]+\/enable$/, 'Enable an account'],
  [/^\/admin\/accounts\/[^/]+\/role$/, 'Change a role'],
  [/^\/admin\/sessions\/[^/]+\/end$/, 'End a session'],
  [/^\/tour\/link$/, 'Make a link for another device'],
  [/^\/logout$/, 'Log out'],
]

// Maps, because each object has a property `constructor`, and a field may have this name.
const LABELS = new Map([
  ['customer', 'Customer number'],
  ['percent', 'Per cent'],
  ['customerSince', 'Customer since'],
  ['nextStep', 'Next step'],
  ['nextStepOn', 'When'],
  ['scenario', 'The platform calls back with'],
  ['email', 'E-mail address'],
  ['days', 'Lives for, in days'],
  ['userId', 'userId'],
])

const PASSWORDS = new Map([
  ['password', { label: 'Your password', autocomplete: 'current-password' }],
  ['newPassword', { label: 'New password', autocomplete: 'new-password' }],
])

const shape = z.object({
  action: z.string().refine((text) => safeNext(text) === text),
  actingUser: z.string(),
  fields: z.array(z.tuple([z.string(), z.string()])),
  passwords: z.array(z.string()),
})

/** Returns the form of this request without its passwords. */
export function unsentFormOf(ctx: Context): UnsentForm {
  const { [ACTING_USER_FIELD]: actingUser, ...others } = Object(ctx.request.body) as Record<string, unknown>
  const typed = Object.entries(others).filter(
    (field): field is [string, string] => typeof field[1] === 'string' && field[0] !== 'wasUnsent',
  )
  const isPassword = ([name]: [string, string]) => /password/i.test(name)
  return {
    action: ctx.path,
    actingUser: typeof actingUser === 'string' ? actingUser : '',
    fields: typed.filter((field) => !isPassword(field)),
    passwords: typed.filter(isPassword).map(([name]) => name),
  }
}

/** Reads the unsent form that the login form carries as JSON. Returns `undefined` if there is none. */
export function readUnsentForm(body: unknown): UnsentForm | undefined {
  const { unsentForm } = Object(body) as Record<string, unknown>
  if (typeof unsentForm !== 'string' || unsentForm === '') return undefined
  try {
    return shape.parse(JSON.parse(unsentForm))
  } catch {
    return undefined
  }
}

/** Stores the form for `UNSENT_FORM_PAGE`, where the user decides whether to send it. */
export async function keepUnsentForm(session: CrmSession, form: UnsentForm): Promise<void> {
  await bestEffort(
    session.use((storage) => {
      storage.unsentForm = form
    }),
  )
}

/** Stores the form of this request, and returns the page that shows it. Call it before the password is confirmed. */
export async function keepForm(ctx: Context): Promise<string> {
  await keepUnsentForm(signedIn(ctx).session, unsentFormOf(ctx))
  return UNSENT_FORM_PAGE
}

export async function dropUnsentForm(session: CrmSession): Promise<void> {
  await bestEffort(
    session.use((storage) => {
      delete storage.unsentForm
    }),
  )
}

/** The page that shows the stored form after the login. The form is sent only when the user presses the button. */
export function unsentFormPage() {
  return async function unsentFormPage(ctx: Context) {
    const form = signedIn(ctx).session.storage.unsentForm
    if (form !== undefined) return showUnsentForm(ctx, form as UnsentForm)
    ctx.status = 303
    ctx.redirect('/')
  }
}

/** Shows a form that was not sent. A signed-in user can send the form, and another user can log in to send it. */
export function showUnsentForm(ctx: Context, form: UnsentForm): void {
  const { userId, userName: sender = '' } = ctx.session?.userId === undefined ? {} : ctx.session
  const isOwn = userId === form.actingUser
  const visible = form.fields.filter(([name, value]) => value !== '' && !INTERNAL_FIELDS.test(name))
  ctx.show<UnsentFormPage>('unsent-form', {
    ...textFor(form, sender, isOwn),
    what: WHAT.find(([action]) => action.test(form.action))?.[1] ?? 'The form',
    action: form.action,
    facts: visible.map(([name, value]) => ({ label: labelOf(name), value })),
    fields: form.fields,
    passwords: form.passwords.flatMap((name) => {
      const password = PASSWORDS.get(name)
      return password ? [{ name, ...password }] : []
    }),
    sender,
    login: isOwn
      ? undefined
      : { userId: /^\d+$/.test(form.actingUser) ? form.actingUser : '', unsentForm: JSON.stringify(form) },
  })
}

function textFor({ actingUser }: UnsentForm, sender: string, isOwn: boolean): { title: string; text: string } {
  if (sender === '')
    return {
      title: 'Your session has ended',
      text: 'The form was not sent. If you pressed its button twice, it may have been sent the first time. Log in to see it.',
    }
  if (isOwn) return { title: 'Send the form now?', text: `It was not sent yet. You are signed in as ${sender}.` }
  return {
    title: `You are signed in as ${sender}`,
    text:
      actingUser === ''
        ? 'The form does not say which user filled it in, so it was not sent, and nothing was changed.'
        : 'Another user was signed in when this form was opened, so it was not sent, and nothing was changed.',
  }
}

function labelOf(name: string): string {
  return LABELS.get(name) ?? name.charAt(0).toUpperCase() + name.slice(1)
}
