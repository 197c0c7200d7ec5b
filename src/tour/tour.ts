import type { Context } from 'koa'
import { shownSession } from '../crm-session/crm-session.ts'
import type { CrmStorage } from '../crm-session/crm-storage.ts'
import { SessionError } from '../session/index.ts'
import type { TourBar } from '../web/pages.ts'
import {
  CONSOLE_STEP,
  DATA_STEP,
  DEVICE_STEP,
  FIRST_STEP,
  LOGIN_PAGE,
  LOGIN_TO_CONSOLE,
  readStep,
  STEPS,
  stepOfPage,
} from './steps.ts'
import { tourPages } from './tour-pages.ts'

/** The tour on the home page. */
interface TourOverview {
  /** Whether the visitor is on the tour. */
  isOn: boolean
  /** The step with which the tour goes on. */
  next: number
  steps: { title: string; summary: string; isNext: boolean }[]
}

/** The tour through the demo. The session keeps its step. Only the profile `demo` has a tour. */
export const tour = {
  pages: tourPages,

  /** The bar on a page of the tour. `undefined` if the visitor is not on the tour, or the page belongs to no step. */
  bar(ctx: Context): TourBar | undefined {
    const session = shownSession(ctx)
    const reached = reachedStep(ctx)
    if (!session || reached === undefined) return undefined
    const number = stepOfPage(ctx.path, session, reached)
    const step = number === undefined ? undefined : STEPS[number - 1]
    if (number === undefined || step === undefined) return undefined
    const isLogin = number === FIRST_STEP || ctx.path === LOGIN_PAGE
    const next = isLogin ? undefined : STEPS[number]
    return {
      number,
      count: STEPS.length,
      title: step.title,
      text: ctx.path === LOGIN_PAGE && number === CONSOLE_STEP ? LOGIN_TO_CONSOLE : step.text,
      next: next && { number: number + 1, title: next.title },
      isLast: number === STEPS.length,
      makesLink: number === DEVICE_STEP,
      // A page that answers a form has no address of its own.
      page: ctx.method === 'POST' ? step.page : ctx.path,
    }
  },

  /** `undefined` for users who may not open the pages of the tour. */
  overview(ctx: Context): TourOverview | undefined {
    const session = shownSession(ctx)
    if (!session || (!session.isGuest() && !session.hasPrivilege('viewPortfolio'))) return undefined
    const reached = reachedStep(ctx)
    const next = Math.max(reached ?? FIRST_STEP, session.isGuest() ? FIRST_STEP : DATA_STEP)
    return {
      isOn: reached !== undefined,
      next,
      steps: STEPS.map(({ title, summary }, index) => ({ title, summary, isNext: index + 1 === next })),
    }
  },

  /**
   * The step that a new session stores. A login keeps nothing of the session that it replaces, so the form of the login
   * carries the step.
   */
  afterLogin(body: unknown): Pick<CrmStorage, 'tour'> {
    const step = readStep((Object(body) as Record<string, unknown>).tour)
    return step === undefined ? {} : { tour: { step: Math.max(step, DATA_STEP) } }
  },
}

export type Tour = typeof tour

/** The page may report that the storage cannot be read. */
function reachedStep(ctx: Context): number | undefined {
  try {
    return shownSession(ctx)?.storage.tour?.step
  } catch (error) {
    if (error instanceof SessionError) return undefined
    throw error
  }
}
