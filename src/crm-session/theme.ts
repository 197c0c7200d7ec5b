import type { Context } from 'koa'
import { safeNext } from '../session/http/index.ts'
import { SessionError } from '../session/index.ts'
import { type CrmSession, currentSession } from './crm-session.ts'
import type { CrmStorage } from './crm-storage.ts'

const THEMES = ['light', 'dark'] as const

type Theme = (typeof THEMES)[number]

type Themed = Pick<CrmSession, 'storage'>

/** Returns the theme that was chosen in the session. Without a choice, pages have the theme of the system. */
export function themeOf(session: Themed | null | undefined): Theme | undefined {
  try {
    return asTheme(session?.storage.theme)
  } catch (error) {
    // An error page is shown even if the data of the session cannot be read.
    if (error instanceof SessionError) return undefined
    throw error
  }
}

/** What a session that replaces this session stores, so that a login does not change the colours of the pages. */
export function keptTheme(session: Themed): Pick<CrmStorage, 'theme'> {
  const theme = themeOf(session)
  return theme === undefined ? {} : { theme }
}

/** Stores the chosen theme, and returns to the page of the form. Every visitor may choose, so a guest's session begins. */
export async function chooseTheme(ctx: Context): Promise<void> {
  const { theme, page } = Object(ctx.request.body) as Record<string, unknown>
  await storeTheme(currentSession(ctx), asTheme(theme))
  ctx.status = 303
  // The browser scrolls back to the form.
  ctx.redirect(`${safeNext(page) ?? '/'}#theme`)
}

/** Stores the theme in the guest's session after a logout. The logout has succeeded, even if this write fails. */
export async function restoreTheme(session: CrmSession, theme: Theme | undefined): Promise<void> {
  await storeTheme(session, theme).catch((error) => {
    if (!(error instanceof SessionError)) throw error
  })
}

async function storeTheme(session: CrmSession, theme: Theme | undefined): Promise<void> {
  if (theme === themeOf(session)) return
  await session.begin()
  await session.use((storage) => {
    if (theme === undefined) delete storage.theme
    else storage.theme = theme
  })
}

function asTheme(value: unknown): Theme | undefined {
  return THEMES.find((theme) => theme === value)
}
