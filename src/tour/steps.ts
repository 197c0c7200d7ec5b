import type { CrmSession } from '../crm-session/crm-session.ts'
import type { Privilege } from '../crm-session/privileges.ts'

interface Step {
  title: string
  /** What the step shows, for the list of all steps. */
  summary: string
  /** What to do and to look at on the pages of the step. */
  text: string
  page: string
  /** The pages of the step. */
  paths: RegExp
  needs?: Privilege
}

export const LOGIN_PAGE = '/authenticate.shtml'
/** The page of the session's data. A link to another device leads there too. */
export const DATA_PAGE = '/authenticationOK.shtml'
/** Bar and links name the steps by their numbers, beginning with 1. */
export const FIRST_STEP = 1
export const DATA_STEP = 2
export const DEVICE_STEP = 3
export const CONSOLE_STEP = 4

export const STEPS: readonly Step[] = [
  {
    title: 'Log in',
    summary: 'A login gives the session another ID.',
    text: 'Log in as a salesperson, and watch the coloured chip at the top. It is the short ID of your session, and a login replaces the ID.',
    page: '/',
    paths: /^\/$/,
  },
  {
    title: 'Your data in the session',
    summary: 'Your top 3 customers are kept for all tabs.',
    text: 'The session keeps your top 3 customers for all tabs. Press the chip at the top: “myTop3” is among the stored values, and so is “tour”, the step of this tour.',
    page: DATA_PAGE,
    paths: /^\/authenticationOK\.shtml$/,
    needs: 'viewPortfolio',
  },
  {
    title: 'A second device',
    summary: 'A one-time link brings the session along.',
    text: 'Open a one-time link in a private window. That window gets its own cookie for this same session, with your name and your top 3. Then open “Your devices” again, and see it in the list.',
    page: '/account/sessions',
    paths: /^\/(account\/sessions|tour\/link)$/,
    needs: 'viewPortfolio',
  },
  {
    title: 'The console',
    summary: 'An administrator sees and ends sessions.',
    text: 'Log in as a salesperson in a private window. The session appears here by itself. End it with a message, and the private window shows the message at once.',
    page: '/admin/sessions',
    paths: /^\/admin\/sessions(\/|$)/,
    needs: 'WebAdmin',
  },
  {
    title: 'The lab',
    summary: 'Attack a session, and see which one holds.',
    text: 'Run an experiment. It attacks two small applications: one on koa-session, the usual way, and one on the session layer of this demo.',
    page: '/lab',
    paths: /^\/lab(\/|$)/,
  },
]

/** The text of the console's step on the login page. */
export const LOGIN_TO_CONSOLE =
  'The console needs an administrator. The form is filled in for one. The login replaces your session, so the second device is signed out.'

/** Returns the step to which this page belongs. The login page belongs to the steps that need a login. */
export function stepOfPage(
  path: string,
  session: Pick<CrmSession, 'isGuest' | 'hasPrivilege'>,
  reached: number,
): number | undefined {
  if (path === LOGIN_PAGE) return [FIRST_STEP, CONSOLE_STEP].find((step) => step === reached)
  const index = STEPS.findIndex(({ paths }) => paths.test(path))
  const step = STEPS[index]
  if (step === undefined || (index === 0 && !session.isGuest())) return undefined
  return step.needs === undefined || session.hasPrivilege(step.needs) ? index + 1 : undefined
}

/** Reads the number of a step from a form. */
export function readStep(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d$/.test(value) ? Number(value) : 0
  return STEPS[number - 1] === undefined ? undefined : number
}
