import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test as base, type ConsoleMessage, expect, type Locator, type Page } from '@playwright/test'
import { type RunningServer, startServer } from '../../src/process/server.ts'

/** A test with its own server. The test fails if the browser's console shows an error. */
export const test = base.extend<{ quietBrowser: undefined }, { server: RunningServer }>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are wanted from this pattern
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), 'crm-e2e-'))
      const databaseUrl = `sqlite:${join(folder, 'crm.sqlite')}`
      const env = { DATABASE_URL: databaseUrl, PORT: '0', BCRYPT_COST: '4', LOG_LEVEL: 'error' }
      const server = await startServer({ env })
      await use(server)
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
    { scope: 'worker' },
  ],

  baseURL: async ({ server }, use) => use(server.url),

  quietBrowser: [
    async ({ page }, use) => {
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error' && !isRefusedPage(message, page.url())) complaints.push(message.text())
      })
      await use(undefined)
      expect(complaints).toEqual([])
    },
    { auto: true },
  ],
})

/** Chromium reports each page with a 4xx status as an error. Some tests request such pages on purpose. */
function isRefusedPage(message: ConsoleMessage, pageUrl: string): boolean {
  return /^Failed to load resource: .* status of 4\d\d/.test(message.text()) && message.location().url === pageUrl
}

/** Opens a path in a new tab, because a current page that reloads by itself could cancel the navigation. */
export async function inNewTab(page: Page, path: string): Promise<Page> {
  const tab = await page.context().newPage()
  await tab.goto(path)
  return tab
}

/** Checks that the page is not wider than the screen. Retries, because the page may be reloading. */
export async function expectNarrow(page: Page): Promise<void> {
  await expect(async () => {
    const width = await page.evaluate<number>('document.documentElement.scrollWidth')
    expect(width, page.url()).toBeLessThanOrEqual(page.viewportSize()?.width ?? 0)
  }).toPass({ timeout: 10_000 })
}

/** Fills in and sends the login form on the current page. */
export async function sendLogin(page: Page, userId: number | string, password = 'crm-demo'): Promise<void> {
  await page.getByLabel('userId').fill(String(userId))
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log In' }).click()
}

/** Logs in to a demo account and waits for the welcome page. */
export async function logIn(page: Page, userId: string): Promise<void> {
  await page.goto(`/authenticate.shtml?userId=${userId}`)
  await page.getByRole('button', { name: 'Log In' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Welcome')
}

/** Returns whether the form for a discount is folded, because an earlier test has asked for one. */
export async function isDiscountFolded(page: Page): Promise<boolean> {
  return (await page.locator('details', { has: discountSummary(page) }).getAttribute('open')) === null
}

export async function unfoldDiscount(page: Page): Promise<void> {
  if (await isDiscountFolded(page)) await discountSummary(page).click()
}

/** The line that folds and unfolds the form for a discount. */
export function discountSummary(page: Page): Locator {
  return page.locator('summary', { hasText: 'Ask for approval of a discount' })
}

/** A customer without an approval request. The tests of one worker share a server. */
export async function unusedCustomer({ parts: { database } }: RunningServer, userId: number): Promise<number> {
  const { id } = await database
    .selectFrom('customers')
    .select('id')
    .where('sales_person', '=', userId)
    .where('id', 'not in', database.selectFrom('operations').select('customer_id'))
    .orderBy('id')
    .executeTakeFirstOrThrow()
  return id
}

export { expect }
