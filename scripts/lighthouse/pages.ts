import type { BrowserContext, Page } from '@playwright/test'
import { createRoutes } from '../../src/app/routes.ts'
import type { RunningServer } from '../../src/process/server.ts'

export interface Viewer {
  name: string
  /** `undefined` for a guest. */
  userId: string | undefined
  /** The accesses of the routes that this viewer opens. */
  accesses: readonly string[]
}

const PRIVILEGES = ['viewPortfolio', 'viewCustomers', 'editCustomers', 'WebAdmin']

export const VIEWERS: readonly Viewer[] = [
  { name: 'guest', userId: undefined, accesses: ['public', 'visitor'] },
  { name: 'salesperson', userId: '4', accesses: ['user', ...PRIVILEGES] },
  { name: 'manager', userId: '5', accesses: PRIVILEGES },
  { name: 'administrator', userId: '6', accesses: PRIVILEGES },
]

// The salesperson has this customer.
const CUSTOMER = '/customers/1'

/** Logs in, and returns the addresses of the pages that the viewer can open. */
export async function pagesOf(viewer: Viewer, server: RunningServer, page: Page): Promise<string[]> {
  const context = page.context()
  await context.clearCookies()
  if (viewer.userId !== undefined) await logIn(page, viewer.userId)
  if (viewer.name === 'salesperson') await askForApproval(page)
  const examples = await examplesOf(context)
  const paths = createRoutes(server.parts)
    .list()
    .filter(
      ({ method, path, access }) =>
        method === 'GET' && !path.endsWith('/events') && viewer.accesses.includes(access ?? ''),
    )
    .map(({ path }) => examples[path] ?? path)
  const pages: string[] = []
  for (const path of paths) if (await isPage(context, path)) pages.push(`${server.url}${path}`)
  return pages
}

async function logIn(page: Page, userId: string): Promise<void> {
  await page.goto(`/authenticate.shtml?userId=${userId}`)
  await page.getByRole('button', { name: 'Log In' }).click()
  await page.getByRole('button', { name: 'Log out' }).waitFor()
}

/** Creates the first operation, which has a page of its own. */
async function askForApproval(page: Page): Promise<void> {
  await page.goto(CUSTOMER)
  await page.getByRole('button', { name: 'Ask for approval' }).click()
  await page.waitForURL('**/operations/1')
}

/** An address for each route that has a parameter. */
async function examplesOf(context: BrowserContext): Promise<Record<string, string>> {
  const cookie = (await context.cookies()).find(({ name }) => name.includes('4DSID_'))
  const [sessionId] = (cookie?.value ?? '').split('.')
  return {
    '/customers/:id': CUSTOMER,
    '/customers/:id/edit': `${CUSTOMER}/edit`,
    '/operations/:id': '/operations/1',
    '/admin/sessions/:id': `/admin/sessions/${sessionId}`,
    '/admin/accounts/:userId': '/admin/accounts/4',
    '/lab/:experiment': '/lab/replay',
  }
}

/** Returns whether the viewer gets a page. The browser reports an error page, so Lighthouse gives it no 100. */
async function isPage(context: BrowserContext, path: string): Promise<boolean> {
  const answer = await context.request.get(path, { maxRedirects: 0 })
  return answer.status() === 200 && (answer.headers()['content-type'] ?? '').startsWith('text/html')
}
